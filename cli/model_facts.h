// What is told of a model in a line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "cli/terminal/json.h"
#include "cli/versions.h"

namespace mreg::cli {

struct ModelFacts {
  int64_t ir_version = 0;
  int64_t opset = 0;  // of ai.onnx; 0: the model names none
  uint64_t nodes = 0;
  uint64_t tensors = 0;
  friend bool operator==(const ModelFacts&, const ModelFacts&) = default;
};

// Nothing if `file` is no ONNX model, or an artifact that the user's store lacks.
absl::StatusOr<std::optional<ModelFacts>> ReadModelFacts(workspace::Workspace& workspace,
                                                         const FileState& file);

// "opset 15 -> 16, 40 -> 42 tensors"; "" if all are the same.
std::string FormatChange(const ModelFacts& before, const ModelFacts& after);

terminal::Json ModelJson(const std::optional<ModelFacts>& facts);

}  // namespace mreg::cli
