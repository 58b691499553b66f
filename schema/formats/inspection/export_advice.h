// How a model leaves the framework that it was saved by. Internal to schema/formats/inspection.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace mreg::formats {

enum class Framework {
  kUnknown,
  kPyTorch,
  kKeras,
  kTensorFlow,
  kScikitLearn,
  kXgboost,
  kLightgbm,
  kCatboost,
  kPandas,
  kNumpy
};

// By the Python packages that a pickle imports from.
Framework FrameworkOf(std::span<const std::string> packages);

// "" for kUnknown.
std::string_view NameOf(Framework framework);

// One or two lines: what to call for an ONNX model, or a file of numbers, in place of this one.
std::string_view ExportAdvice(Framework framework);

}  // namespace mreg::formats
