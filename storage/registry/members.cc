#include "storage/registry/members.h"

#include "schema/base/status.h"

namespace mreg::registry {
namespace {

using kv::Table;

constexpr char kChunkRow = 'c';
constexpr char kFileRow = 'f';

// A namespace has no NUL, so no key is another's prefix.
Bytes KeyOf(const std::string& space, char kind, ByteView id) {
  Bytes key = space;
  key.push_back('\0');
  key.push_back(kind);
  key.append(id);
  return key;
}

}  // namespace

absl::StatusOr<std::vector<ChunkId>> Members::Missing(const std::string& space,
                                                      std::span<const ChunkId> ids) const {
  if (access_.is_open()) return content_.Missing(ids);
  std::vector<Bytes> keys;
  keys.reserve(ids.size());
  for (const ChunkId& id : ids) keys.push_back(KeyOf(space, kChunkRow, id.bytes()));
  const std::vector<ByteView> views(keys.begin(), keys.end());
  MREG_ASSIGN_OR_RETURN(const auto rows, store_.GetMany(Table::kMembers, views));
  std::vector<ChunkId> missing;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!rows[i]) missing.push_back(ids[i]);
  }
  return missing;
}

absl::StatusOr<bool> Members::HasFile(const std::string& space, const ArtifactId& artifact) const {
  MREG_ASSIGN_OR_RETURN(const auto row,
                        store_.Get(Table::kMembers, KeyOf(space, kFileRow, artifact.bytes())));
  return row.has_value();
}

absl::StatusOr<std::optional<content::Recipe>> Members::FindRecipe(
    const std::string& space, const ArtifactId& artifact) const {
  if (!access_.is_open()) {
    MREG_ASSIGN_OR_RETURN(const bool is_member, HasFile(space, artifact));
    if (!is_member) return std::nullopt;
  }
  return content_.FindRecipe(artifact);
}

void Members::StageChunk(const std::string& space, const ChunkId& id, kv::Batch& batch) {
  batch.Put(Table::kMembers, KeyOf(space, kChunkRow, id.bytes()), "");
}

void Members::StageFile(const std::string& space, const content::Recipe& recipe, kv::Batch& batch) {
  batch.Put(Table::kMembers, KeyOf(space, kFileRow, recipe.artifact.bytes()), "");
  for (const content::RecipeChunk& chunk : recipe.chunks) StageChunk(space, chunk.id, batch);
}

}  // namespace mreg::registry
