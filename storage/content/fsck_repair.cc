#include <utility>

#include "schema/base/status.h"
#include "storage/content/fsck.h"

namespace mreg::content {
namespace {

using kv::Table;

// Calls `visit` with each file's chunks; nothing where a recipe is damaged.
absl::Status VisitRecipes(
    const ContentStore& store,
    const std::function<void(const ArtifactId&, const std::optional<Recipe>&)>& visit) {
  std::vector<ArtifactId> files;
  MREG_RETURN_IF_ERROR(store.index().Scan(Table::kRecipes, "", "", [&](ByteView key, ByteView) {
    if (const auto file = ArtifactId::FromBytes(key); file.ok()) files.push_back(*file);
    return true;
  }));
  for (const ArtifactId& file : files) {
    const auto recipe = store.FindRecipe(file);
    if (recipe.ok() && !*recipe) continue;  // collected meanwhile
    visit(file, recipe.ok() && (*recipe)->artifact == file ? *recipe : std::nullopt);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<ArtifactId>> FilesWith(const ContentStore& store,
                                                  const absl::flat_hash_set<ChunkId>& chunks) {
  std::vector<ArtifactId> found;
  MREG_RETURN_IF_ERROR(VisitRecipes(store, [&](const ArtifactId& file, const auto& recipe) {
    const bool is_hit =
        !recipe || std::any_of(recipe->chunks.begin(), recipe->chunks.end(),
                               [&](const RecipeChunk& chunk) { return chunks.contains(chunk.id); });
    if (is_hit) found.push_back(file);
  }));
  return found;
}

absl::Status ForgetUnneeded(ContentStore& store, std::span<const ChunkId> damaged) {
  absl::flat_hash_set<ChunkId> unneeded(damaged.begin(), damaged.end());
  MREG_RETURN_IF_ERROR(VisitRecipes(store, [&](const ArtifactId&, const auto& recipe) {
    if (!recipe) return;
    for (const RecipeChunk& chunk : recipe->chunks) unneeded.erase(chunk.id);
  }));
  const absl::flat_hash_set<ChunkId> unnamed = unneeded;
  MREG_RETURN_IF_ERROR(store.index().Scan(Table::kChunks, "", "", [&](ByteView key, ByteView row) {
    const auto id = ChunkId::FromBytes(key);
    const auto place = DecodePlace(row);
    if (!id.ok() || !place.ok() || unnamed.contains(*id)) return true;
    for (const ChunkId& base : place->bases) unneeded.erase(base);
    return true;
  }));
  kv::Batch batch;
  for (const ChunkId& id : unneeded) batch.Remove(Table::kChunks, id.bytes());
  return unneeded.empty() ? absl::OkStatus() : store.index().Commit(batch);
}

absl::Status RemoveUnreadablePacks(ContentStore& store) {
  absl::flat_hash_set<PackId> unreadable;
  MREG_ASSIGN_OR_RETURN(const auto packs, store.packs().List());
  for (const PackInfo& pack : packs) {
    if (absl::IsDataLoss(ReadPackFooter(store.packs(), pack).status())) unreadable.insert(pack.id);
  }
  if (unreadable.empty()) return absl::OkStatus();
  MREG_RETURN_IF_ERROR(store.index().Scan(Table::kChunks, "", "", [&](ByteView, ByteView row) {
    if (const auto place = DecodePlace(row); place.ok()) unreadable.erase(place->pack);
    return true;
  }));
  for (const PackId& pack : unreadable) {
    kv::Batch batch;
    batch.Remove(Table::kPacks, pack.bytes());
    MREG_RETURN_IF_ERROR(store.index().Commit(batch));
    MREG_RETURN_IF_ERROR(store.packs().Remove(pack));
  }
  return absl::OkStatus();
}

}  // namespace mreg::content
