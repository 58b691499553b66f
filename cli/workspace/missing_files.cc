#include "cli/workspace/missing_files.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "cli/workspace/path_arguments.h"
#include "cli/workspace/version_file.h"
#include "schema/base/display.h"
#include "schema/base/status.h"

namespace mreg::workspace {
namespace {

absl::StatusOr<bool> IsWhole(const content::ContentStore& store, const ArtifactId& artifact) {
  MREG_ASSIGN_OR_RETURN(const auto recipe, store.FindRecipe(artifact));
  if (!recipe) return false;
  std::vector<ChunkId> chunks;
  chunks.reserve(recipe->chunks.size());
  for (const auto& chunk : recipe->chunks) chunks.push_back(chunk.id);
  MREG_ASSIGN_OR_RETURN(const auto missing, store.Missing(chunks));
  return missing.empty();
}

}  // namespace

absl::StatusOr<FileSupply> FindSupply(Clone& clone, std::span<const history::TreeEntry> entries) {
  FileSupply supply;
  for (const history::TreeEntry& entry : entries) {
    const auto content = ReadContent(clone.history(), entry);
    if (!content.ok()) {
      return Annotate(content.status(), EscapeForDisplay(entry.path));
    }
    supply.total_bytes += content->size();
    if (!content->artifact) continue;
    MREG_ASSIGN_OR_RETURN(registry::LocalStore* const store, clone.Store());
    MREG_ASSIGN_OR_RETURN(const bool is_whole,
                          IsWhole(store->content(), content->artifact->artifact));
    if (!is_whole) supply.missing.push_back({entry.path, content->artifact->artifact});
  }
  return supply;
}

std::vector<ArtifactId> ArtifactsOf(std::span<const MissingFile> files) {
  std::set<ArtifactId> artifacts;
  for (const MissingFile& file : files) artifacts.insert(file.artifact);
  return {artifacts.begin(), artifacts.end()};
}

absl::StatusOr<uint64_t> RequireSupply(Clone& clone, std::span<const history::TreeEntry> entries) {
  MREG_ASSIGN_OR_RETURN(const FileSupply supply, FindSupply(clone, entries));
  if (supply.missing.empty()) return supply.total_bytes;
  std::vector<std::string> paths;
  for (const MissingFile& file : supply.missing) paths.push_back(file.path);
  return absl::NotFoundError(fmt::format("the store lacks {}: fetch first", ListForDisplay(paths)));
}

}  // namespace mreg::workspace
