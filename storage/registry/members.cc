#include "storage/registry/members.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "schema/base/status.h"

namespace mreg::registry {
namespace {

using kv::Table;

constexpr char kChunkRow = 'c';
constexpr char kFileRow = 'f';
constexpr size_t kRowsAtOnce = 4'096;

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
  // A chunk that was collected can be a member for a moment longer.
  MREG_ASSIGN_OR_RETURN(const auto absent, content_.Missing(ids));
  const absl::flat_hash_set<ChunkId> is_absent(absent.begin(), absent.end());
  std::vector<ChunkId> missing;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!rows[i] || is_absent.contains(ids[i])) missing.push_back(ids[i]);
  }
  return missing;
}

absl::StatusOr<bool> Members::MayRely(std::span<const std::string> spaces,
                                      std::span<const ChunkId> dependants,
                                      std::span<const ChunkId> bases) const {
  for (const std::string& space : spaces) {
    MREG_ASSIGN_OR_RETURN(const size_t held, CountHeld(space, dependants));
    if (held == 0) continue;
    MREG_ASSIGN_OR_RETURN(const size_t held_bases, CountHeld(space, bases));
    if (held_bases < bases.size()) return false;
  }
  return true;
}

absl::StatusOr<std::vector<std::string>> Members::Spaces() const {
  std::vector<std::string> spaces;
  for (Bytes after;;) {
    const size_t before = spaces.size();
    MREG_RETURN_IF_ERROR(store_.Scan(Table::kMembers, "", after, [&](ByteView key, ByteView) {
      spaces.emplace_back(key.substr(0, key.find('\0')));
      return false;
    }));
    if (spaces.size() == before) return spaces;
    after = spaces.back() + '\1';  // behind all of its rows, before any other namespace's
  }
}

absl::StatusOr<size_t> Members::CountHeld(const std::string& space,
                                          std::span<const ChunkId> ids) const {
  std::vector<Bytes> keys;
  keys.reserve(ids.size());
  for (const ChunkId& id : ids) keys.push_back(KeyOf(space, kChunkRow, id.bytes()));
  const std::vector<ByteView> views(keys.begin(), keys.end());
  MREG_ASSIGN_OR_RETURN(const auto rows, store_.GetMany(Table::kMembers, views));
  return static_cast<size_t>(
      std::ranges::count_if(rows, [](const auto& row) { return row.has_value(); }));
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

absl::StatusOr<uint64_t> Members::FileBytes(const std::string& space) const {
  std::vector<ArtifactId> files;
  const Bytes prefix = KeyOf(space, kFileRow, "");
  MREG_RETURN_IF_ERROR(store_.Scan(Table::kMembers, prefix, "", [&](ByteView key, ByteView) {
    const auto file = ArtifactId::FromBytes(key.substr(prefix.size()));
    if (file.ok()) files.push_back(*file);
    return true;
  }));
  uint64_t bytes = 0;
  for (const ArtifactId& file : files) {
    MREG_ASSIGN_OR_RETURN(const auto recipe, content_.FindRecipe(file));
    if (recipe) bytes += recipe->size;
  }
  return bytes;
}

absl::StatusOr<std::vector<Members::Row>> Members::ReadRows(ByteView after) const {
  std::vector<Row> rows;
  MREG_RETURN_IF_ERROR(store_.Scan(Table::kMembers, "", after, [&](ByteView key, ByteView) {
    const size_t kind = key.find('\0') + 1;
    const auto table = key[kind] == kFileRow ? Table::kRecipes : Table::kChunks;
    rows.push_back({Bytes(key), table, Bytes(key.substr(kind + 1))});
    return rows.size() < kRowsAtOnce;
  }));
  return rows;
}

absl::StatusOr<std::vector<Members::Row>> Members::WithoutPresent(std::vector<Row> rows) const {
  for (const Table table : {Table::kChunks, Table::kRecipes}) {
    std::vector<ByteView> ids;
    for (const Row& row : rows) {
      if (row.table == table) ids.push_back(row.id);
    }
    MREG_ASSIGN_OR_RETURN(const auto found, store_.GetMany(table, ids));
    size_t next = 0;
    std::erase_if(rows,
                  [&](const Row& row) { return row.table == table && found[next++].has_value(); });
  }
  return rows;
}

absl::StatusOr<uint64_t> Members::RemoveAbsent() {
  uint64_t removed = 0;
  for (Bytes after;;) {
    MREG_ASSIGN_OR_RETURN(std::vector<Row> rows, ReadRows(after));
    if (rows.empty()) return removed;
    after = rows.back().key;
    MREG_ASSIGN_OR_RETURN(const auto absent, WithoutPresent(std::move(rows)));
    kv::Batch batch;
    for (const Row& row : absent) {
      // It may have been sent again, and is held again, since we looked.
      batch.Expect(row.table, row.id, std::nullopt);
      batch.Remove(Table::kMembers, row.key);
    }
    if (absent.empty()) continue;
    const absl::Status status = store_.Commit(batch);
    if (absl::IsAborted(status)) continue;  // those stay for the next time
    MREG_RETURN_IF_ERROR(status);
    removed += absent.size();
  }
}

void Members::StageChunk(const std::string& space, const ChunkId& id, kv::Batch& batch) {
  batch.Put(Table::kMembers, KeyOf(space, kChunkRow, id.bytes()), "");
}

void Members::StageFile(const std::string& space, const content::Recipe& recipe, kv::Batch& batch) {
  batch.Put(Table::kMembers, KeyOf(space, kFileRow, recipe.artifact.bytes()), "");
  for (const content::RecipeChunk& chunk : recipe.chunks) StageChunk(space, chunk.id, batch);
}

}  // namespace mreg::registry
