// Which namespaces hold which chunks and files: what may be told to whom. Content is stored once
// for all namespaces; this table keeps the wire from telling one about another's.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/content/content_store.h"
#include "storage/registry/access.h"

namespace mreg::registry {

// Thread-safe.
class Members {
 public:
  Members(kv::KeyValueStore& store, const content::ContentStore& content, const Access& access)
      : store_(store), content_(content), access_(access) {}

  // Those of `ids` that someone with access to namespace `space` must send before they count as
  // theirs: absent, or (where reading is restricted) known to other namespaces only.
  absl::StatusOr<std::vector<ChunkId>> Missing(const std::string& space,
                                               std::span<const ChunkId> ids) const;

  // The file's recipe if it is stored and visible in `space`; nothing otherwise.
  absl::StatusOr<std::optional<content::Recipe>> FindRecipe(const std::string& space,
                                                            const ArtifactId& artifact) const;

  // True if the file is recorded as held by `space`.
  absl::StatusOr<bool> HasFile(const std::string& space, const ArtifactId& artifact) const;

  // The namespaces that hold anything.
  absl::StatusOr<std::vector<std::string>> Spaces() const;

  // Whether every one of `spaces` that holds any of `dependants` holds all of `bases`, also where
  // reading is not restricted.
  absl::StatusOr<bool> MayRely(std::span<const std::string> spaces,
                               std::span<const ChunkId> dependants,
                               std::span<const ChunkId> bases) const;

  // The sizes of all files that `space` holds.
  absl::StatusOr<uint64_t> FileBytes(const std::string& space) const;

  // Forgets who held what is no longer stored. Returns how many rows went.
  absl::StatusOr<uint64_t> RemoveAbsent();

  static void StageChunk(const std::string& space, const ChunkId& id, kv::Batch& batch);
  // The file and all its chunks.
  static void StageFile(const std::string& space, const content::Recipe& recipe, kv::Batch& batch);

 private:
  struct Row {
    Bytes key;
    kv::Table table;  // where the chunk or file is
    Bytes id;
  };
  absl::StatusOr<size_t> CountHeld(const std::string& space, std::span<const ChunkId> ids) const;
  absl::StatusOr<std::vector<Row>> ReadRows(ByteView after) const;
  absl::StatusOr<std::vector<Row>> WithoutPresent(std::vector<Row> rows) const;

  kv::KeyValueStore& store_;
  const content::ContentStore& content_;
  const Access& access_;
};

}  // namespace mreg::registry
