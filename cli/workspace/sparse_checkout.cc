#include "cli/workspace/sparse_checkout.h"

#include "cli/workspace/external_data.h"
#include "cli/workspace/version_file.h"
#include "schema/base/file_system.h"
#include "schema/base/status.h"
#include "storage/content/stored_file.h"

namespace mreg::workspace {
namespace {

constexpr std::string_view kSwitch = "core.sparsecheckout";
constexpr std::string_view kConeSwitch = "core.sparsecheckoutcone";
constexpr std::string_view kPatternsFile = "info/sparse-checkout";
constexpr uint64_t kMaxPatternBytes = 1 << 20;

std::string PatternsPath(const Clone& clone) {
  return JoinPath(clone.git_directory(), kPatternsFile);
}

// Takes the files out of `left_out` that the model holds tensors in. A model that is not here, or
// makes no sense, says nothing.
absl::Status IncludeDataOf(Clone& clone, const history::TreeEntry& model, PathSet& left_out) {
  MREG_ASSIGN_OR_RETURN(const VersionContent content, ReadContent(clone.history(), model));
  if (!content.artifact) return absl::OkStatus();
  MREG_ASSIGN_OR_RETURN(registry::LocalStore* const store, clone.Store());
  MREG_ASSIGN_OR_RETURN(auto recipe, store->content().FindRecipe(content.artifact->artifact));
  if (!recipe) return absl::OkStatus();
  const auto file = content::OpenStored(store->content(), *std::move(recipe));
  const auto scan = onnx::ScanModel(*file);
  if (!scan.ok()) return absl::OkStatus();
  for (const onnx::ExternalTensor& tensor : scan->external) {
    const auto path = ResolveLocation(model.path, tensor.location);
    if (path) left_out.erase(*path);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SparsePatterns> ReadSparsePatterns(const Clone& clone) {
  MREG_ASSIGN_OR_RETURN(const auto is_on, clone.config().Get(kSwitch));
  if (is_on != "true") return SparsePatterns();
  auto text = ReadSmallFile(PosixFileSystem(), PatternsPath(clone), kMaxPatternBytes);
  if (absl::IsNotFound(text.status())) return SparsePatterns();
  if (!text.ok()) return text.status();
  return SparsePatterns(*std::move(text));
}

absl::Status WriteSparsePatterns(Clone& clone, const SparsePatterns& patterns) {
  if (patterns.includes_all()) {
    const absl::Status status = clone.config().Unset(kSwitch);
    return absl::IsNotFound(status) ? absl::OkStatus() : status;
  }
  const std::string path = PatternsPath(clone);
  MREG_RETURN_IF_ERROR(PosixFileSystem().CreateDirectories(ParentPath(path)));
  MREG_RETURN_IF_ERROR(WriteFileAtomically(PosixFileSystem(), path, patterns.text()));
  MREG_RETURN_IF_ERROR(clone.config().Set(kConeSwitch, "false"));
  return clone.config().Set(kSwitch, "true");
}

absl::StatusOr<PathSet> LeftOut(Clone& clone, const SparsePatterns& patterns,
                                std::span<const history::TreeEntry> entries) {
  PathSet left_out;
  if (patterns.includes_all()) return left_out;
  for (const history::TreeEntry& entry : entries) {
    if (!patterns.Includes(entry.path)) left_out.insert(entry.path);
  }
  for (const history::TreeEntry& entry : entries) {
    if (left_out.empty()) break;
    if (!entry.path.ends_with(".onnx") || !patterns.Includes(entry.path)) continue;
    MREG_RETURN_IF_ERROR(IncludeDataOf(clone, entry, left_out));
  }
  return left_out;
}

std::vector<history::TreeEntry> Without(const PathSet& left_out,
                                        std::span<const history::TreeEntry> entries) {
  std::vector<history::TreeEntry> others;
  for (const history::TreeEntry& entry : entries) {
    if (!left_out.contains(entry.path)) others.push_back(entry);
  }
  return others;
}

}  // namespace mreg::workspace
