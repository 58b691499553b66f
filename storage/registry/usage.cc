#include "storage/registry/usage.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "schema/base/status.h"
#include "storage/history/lfs_pointer.h"

namespace mreg::registry {
namespace {

class RepositoryMeter {
 public:
  RepositoryMeter(const history::Repository& history, const content::ContentStore& content)
      : history_(history), content_(content) {}

  absl::Status Run(RepositoryUsage& usage) {
    MREG_ASSIGN_OR_RETURN(const auto references, history_.references().List("refs/"));
    std::vector<CommitId> tips;
    for (const history::Reference& reference : references) {
      MREG_ASSIGN_OR_RETURN(const CommitId tip, history_.Peel(reference.target));
      tips.push_back(tip);
    }
    absl::Status status;
    MREG_RETURN_IF_ERROR(history_.Walk(tips, {}, [&](const history::Commit& commit) {
      status = AddVersion(commit, usage);
      return status.ok();
    }));
    MREG_RETURN_IF_ERROR(status);
    for (const auto& [artifact, size] : files_) {
      ++usage.files;
      usage.file_bytes += size;
      MREG_RETURN_IF_ERROR(AddChunks(artifact, usage));
    }
    return absl::OkStatus();
  }

  const absl::flat_hash_map<ArtifactId, uint64_t>& files() const { return files_; }

 private:
  absl::Status AddVersion(const history::Commit& commit, RepositoryUsage& usage) {
    ++usage.versions;
    const auto [tree, is_new] = tree_bytes_.try_emplace(commit.tree, 0);
    if (is_new) {
      MREG_ASSIGN_OR_RETURN(const auto entries, history_.ReadTree(commit.tree));
      uint64_t bytes = 0;
      for (const history::TreeEntry& entry : entries) {
        MREG_ASSIGN_OR_RETURN(const uint64_t size, SizeOf(entry.blob));
        bytes += size;
      }
      tree_bytes_[commit.tree] = bytes;
    }
    usage.version_bytes += tree_bytes_[commit.tree];
    return absl::OkStatus();
  }

  absl::StatusOr<uint64_t> SizeOf(const ObjectId& blob) {
    if (const auto known = sizes_.find(blob); known != sizes_.end()) return known->second;
    MREG_ASSIGN_OR_RETURN(const history::RawObject object, history_.ReadObject(blob));
    uint64_t size = 0;  // text is in the history itself
    if (const auto pointer = history::ParseLfsPointer(object.data)) {
      size = pointer->size;
      files_.emplace(pointer->artifact, size);
    }
    sizes_.emplace(blob, size);
    return size;
  }

  absl::Status AddChunks(const ArtifactId& artifact, RepositoryUsage& usage) {
    MREG_ASSIGN_OR_RETURN(const auto recipe, content_.FindRecipe(artifact));
    if (!recipe) return absl::OkStatus();
    std::vector<ByteView> keys;
    for (const content::RecipeChunk& chunk : recipe->chunks) {
      if (chunks_.insert(chunk.id).second) keys.push_back(chunk.id.bytes());
    }
    MREG_ASSIGN_OR_RETURN(const auto rows, content_.index().GetMany(kv::Table::kChunks, keys));
    for (const auto& row : rows) {
      if (!row) continue;
      MREG_ASSIGN_OR_RETURN(const auto place, content::DecodePlace(*row));
      usage.plain_bytes += place.plain_length;
      usage.stored_bytes += place.stored_length;
    }
    return absl::OkStatus();
  }

  const history::Repository& history_;
  const content::ContentStore& content_;
  absl::flat_hash_map<ObjectId, uint64_t> tree_bytes_, sizes_;
  absl::flat_hash_map<ArtifactId, uint64_t> files_;
  absl::flat_hash_set<ChunkId> chunks_;
};

}  // namespace

absl::Status RegistryMeter::Add(const std::string& name, const history::Repository& history) {
  RepositoryUsage& usage = usage_.repositories.emplace_back();
  usage.name = name;
  RepositoryMeter meter(history, content_);
  MREG_RETURN_IF_ERROR(meter.Run(usage));
  files_.insert(meter.files().begin(), meter.files().end());
  return absl::OkStatus();
}

absl::StatusOr<RegistryUsage> RegistryMeter::Finish() {
  MREG_ASSIGN_OR_RETURN(usage_.content, content::MeasureUsage(content_));
  uint64_t reached = 0;
  for (const auto& [artifact, size] : files_) reached += size;
  for (const RepositoryUsage& repository : usage_.repositories) {
    usage_.version_bytes += repository.version_bytes;
  }
  usage_.repeated_bytes = usage_.version_bytes - reached;
  const uint64_t stored = usage_.content.file_bytes;
  usage_.unreached_bytes = stored - std::min(stored, reached);
  return std::move(usage_);
}

}  // namespace mreg::registry
