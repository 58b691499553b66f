#include "schema/formats/inspection/export_advice.h"

#include <algorithm>
#include <array>

namespace mreg::formats {
namespace {

struct Row {
  Framework framework;
  std::string_view name;
  std::string_view advice;
};

constexpr std::array<Row, 10> kRows{{
    {Framework::kUnknown, "",
     "Export the model to ONNX with the framework that it was trained in;\n"
     "keep other data as JSON, CSV or safetensors."},
    {Framework::kPyTorch, "PyTorch",
     "Export the model: torch.onnx.export(model, example_inputs, \"model.onnx\", dynamo=True)\n"
     "Weights alone: safetensors.torch.save_file(model.state_dict(), \"model.safetensors\")"},
    {Framework::kKeras, "Keras",
     "Export the model: model.export(\"model.onnx\", format=\"onnx\")\n"
     "A Lambda layer's function has to become operations of keras.ops first."},
    {Framework::kTensorFlow, "TensorFlow",
     "Export the model: python -m tf2onnx.convert --saved-model FOLDER --output model.onnx"},
    {Framework::kScikitLearn, "scikit-learn",
     "Export the model: skl2onnx.to_onnx(model, X[:1]).SerializeToString(),\n"
     "written to model.onnx in binary mode."},
    {Framework::kXgboost, "XGBoost",
     "Export the model with onnxmltools.convert_xgboost, or keep model.save_model(\"model.json\")"},
    {Framework::kLightgbm, "LightGBM",
     "Export the model with onnxmltools.convert_lightgbm, or keep "
     "model.booster_.save_model(\"model.txt\")"},
    {Framework::kCatboost, "CatBoost",
     "Export the model: model.save_model(\"model.onnx\", format=\"onnx\")"},
    {Framework::kPandas, "pandas",
     "Save tables: frame.to_parquet(\"data.parquet\") or frame.to_csv(\"data.csv\")"},
    {Framework::kNumpy, "NumPy",
     "Save arrays of numbers: numpy.save(\"data.npy\", array, allow_pickle=False),\n"
     "or safetensors.numpy.save_file({\"data\": array}, \"data.safetensors\")"},
}};

// A model brings its framework, and that others; the first that is there is the one.
constexpr std::array<std::pair<std::string_view, Framework>, 14> kPackages{{
    {"torch", Framework::kPyTorch},
    {"torchvision", Framework::kPyTorch},
    {"transformers", Framework::kPyTorch},
    {"xgboost", Framework::kXgboost},
    {"lightgbm", Framework::kLightgbm},
    {"catboost", Framework::kCatboost},
    {"keras", Framework::kKeras},
    {"tf_keras", Framework::kKeras},
    {"tensorflow", Framework::kTensorFlow},
    {"sklearn", Framework::kScikitLearn},
    {"joblib", Framework::kScikitLearn},
    {"skops", Framework::kScikitLearn},
    {"pandas", Framework::kPandas},
    {"numpy", Framework::kNumpy},
}};

const Row& RowOf(Framework framework) {
  return *std::ranges::find(kRows, framework, &Row::framework);
}

}  // namespace

Framework FrameworkOf(std::span<const std::string> packages) {
  for (const auto& [package, framework] : kPackages) {
    if (std::ranges::find(packages, package) != packages.end()) return framework;
  }
  return Framework::kUnknown;
}

std::string_view NameOf(Framework framework) { return RowOf(framework).name; }

std::string_view ExportAdvice(Framework framework) { return RowOf(framework).advice; }

}  // namespace mreg::formats
