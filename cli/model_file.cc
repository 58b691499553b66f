#include "cli/model_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "schema/base/status.h"
#include "schema/onnx/model_facts.h"
#include "schema/onnx/model_reader.h"

namespace mreg::cli {

absl::StatusOr<std::unique_ptr<ModelFile>> ModelFile::Read(
    std::unique_ptr<ReadableFile> file, const std::optional<content::Recipe>& recipe,
    OpenBeside open_beside) {
  auto model = onnx::ReadModel(*file);
  if (absl::IsInvalidArgument(model.status())) return nullptr;
  MREG_RETURN_IF_ERROR(model.status());
  std::unique_ptr<ModelFile> read(new ModelFile());
  read->file_ = std::move(file);
  read->model_ = *std::move(model);
  read->recipe_ = recipe;
  read->open_beside_ = std::move(open_beside);
  uint64_t end = 0;
  if (recipe) {
    for (const content::Span& span : recipe->spans) read->span_ends_.push_back(end += span.length);
  }
  return read;
}

absl::StatusOr<std::optional<onnx::TensorPlace>> ModelFile::Place(
    const onnx::TensorRecord& tensor) const {
  if (tensor.is_external) return PlaceOutside(tensor);
  auto place = onnx::PlaceInModel(*file_, tensor);
  if (place) place->identity = Identity(place->offset, place->length);
  return place;
}

absl::StatusOr<std::optional<onnx::TensorPlace>> ModelFile::PlaceOutside(
    const onnx::TensorRecord& tensor) const {
  if (!onnx::IsLocationInside(tensor.location)) return std::nullopt;
  const ReadableFile* file = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto [known, is_new] = beside_.try_emplace(tensor.location);
    if (is_new) {
      MREG_ASSIGN_OR_RETURN(known->second, open_beside_(tensor.location));
    }
    file = known->second.get();
  }
  if (file == nullptr) return std::nullopt;
  MREG_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  const uint64_t offset = tensor.external_offset;
  if (offset > size || tensor.external_length > size - offset) return std::nullopt;
  const uint64_t length = tensor.external_length > 0 ? tensor.external_length : size - offset;
  return onnx::TensorPlace{file, offset, length, ""};
}

// The parts of chunks that the bytes are. A chunk's id is the hash of its bytes.
std::string ModelFile::Identity(uint64_t offset, uint64_t length) const {
  std::string identity;
  auto end = std::ranges::upper_bound(span_ends_, offset);
  for (const uint64_t stop = offset + length; offset < stop && end != span_ends_.end(); ++end) {
    const content::Span& span =
        recipe_->spans[static_cast<size_t>(std::distance(span_ends_.begin(), end))];
    const uint64_t skipped = offset - (*end - span.length);
    const uint64_t used = std::min(*end, stop) - offset;
    identity += fmt::format("{}+{}+{} ", recipe_->chunks[span.chunk].id.ToHex(),
                            span.offset + skipped, used);
    offset += used;
  }
  return identity;
}

absl::StatusOr<std::unique_ptr<ModelFile>> ReadModelFile(workspace::Workspace& workspace,
                                                         const FileStates& files,
                                                         const std::string& path) {
  const FileState& state = files.at(path);
  MREG_ASSIGN_OR_RETURN(auto content, OpenContent(workspace, state));
  if (content == nullptr) return nullptr;
  std::optional<content::Recipe> recipe;
  if (state.is_artifact && state.work_path.empty()) {
    MREG_ASSIGN_OR_RETURN(registry::LocalStore* const store, workspace.store());
    MREG_ASSIGN_OR_RETURN(recipe, store->content().FindRecipe(state.digest));
  }
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  const auto open_beside =
      [&workspace, &files,
       folder](const std::string& location) -> absl::StatusOr<std::unique_ptr<ReadableFile>> {
    const auto found = files.find(folder + location);
    if (found == files.end()) return nullptr;
    return OpenContent(workspace, found->second);
  };
  return ModelFile::Read(std::move(content), recipe, open_beside);
}

absl::StatusOr<std::unique_ptr<ModelFile>> ReadModelFile(const std::string& path) {
  MREG_ASSIGN_OR_RETURN(auto file, PosixFileSystem().OpenRead(path));
  const auto open_beside =
      [folder = ParentPath(path)](
          const std::string& location) -> absl::StatusOr<std::unique_ptr<ReadableFile>> {
    const std::string beside = JoinPath(folder, location);
    if (!IsRegularFile(beside)) return nullptr;
    return PosixFileSystem().OpenRead(beside);
  };
  return ModelFile::Read(std::move(file), std::nullopt, open_beside);
}

absl::StatusOr<ModelChange> CompareModels(const ModelFile& before, const ModelFile& after) {
  ModelChange change{onnx::DiffModels(before.model(), after.model()), {}};
  MREG_ASSIGN_OR_RETURN(change.tensors,
                        onnx::DiffTensors(
                            change.graph.tensors,
                            [&](const onnx::TensorRecord& tensor) { return before.Place(tensor); },
                            [&](const onnx::TensorRecord& tensor) { return after.Place(tensor); }));
  return change;
}

}  // namespace mreg::cli
