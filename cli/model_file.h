// A model of a version or of the disk, with the places of its tensors, to be compared.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/versions.h"
#include "schema/onnx/model.h"
#include "schema/onnx/model_diff.h"
#include "schema/onnx/tensor_diff.h"
#include "storage/content/recipe.h"

namespace mreg::cli {

// Thread-safe.
class ModelFile {
 public:
  // Opens a file by its path from the model's folder; null for one that is not here.
  using OpenBeside =
      std::function<absl::StatusOr<std::unique_ptr<ReadableFile>>(const std::string& location)>;

  // Null if `file` is no ONNX model. `recipe`: as which it is stored; nothing: it is not. Whatever
  // `open_beside` needs outlives the model.
  static absl::StatusOr<std::unique_ptr<ModelFile>> Read(
      std::unique_ptr<ReadableFile> file, const std::optional<content::Recipe>& recipe,
      OpenBeside open_beside);

  const onnx::Model& model() const { return model_; }
  absl::StatusOr<std::optional<onnx::TensorPlace>> Place(const onnx::TensorRecord& tensor) const;

 private:
  ModelFile() = default;
  absl::StatusOr<std::optional<onnx::TensorPlace>> PlaceOutside(
      const onnx::TensorRecord& tensor) const;
  std::string Identity(uint64_t offset, uint64_t length) const;

  std::unique_ptr<ReadableFile> file_;
  onnx::Model model_;
  std::optional<content::Recipe> recipe_;
  std::vector<uint64_t> span_ends_;  // of the recipe's spans in the file
  OpenBeside open_beside_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::unique_ptr<ReadableFile>> beside_;
};

// The model `path` of `files`; null if it is none or not here. `workspace` and `files` outlive it.
absl::StatusOr<std::unique_ptr<ModelFile>> ReadModelFile(workspace::Workspace& workspace,
                                                         const FileStates& files,
                                                         const std::string& path);

// A file on the disk; null if it is no model.
absl::StatusOr<std::unique_ptr<ModelFile>> ReadModelFile(const std::string& path);

struct ModelChange {
  onnx::ModelDiff graph;
  onnx::TensorDiff tensors;
};

// Both outlive the result.
absl::StatusOr<ModelChange> CompareModels(const ModelFile& before, const ModelFile& after);

}  // namespace mreg::cli
