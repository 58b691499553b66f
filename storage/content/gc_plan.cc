#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "schema/base/status.h"
#include "storage/content/gc.h"
#include "storage/content/record_stream.h"

namespace mreg::content {
namespace {

using kv::Table;

// A pack that the index does not know is one that a writer has just published, or one left by a
// writer or collector that was killed. No writer takes this long from the one to the other.
constexpr std::chrono::hours kUnindexedGrace{1};

uint64_t RecordBytes(const ChunkPlace& place) {
  return kRecordHeaderBytes + place.bases.size() * ChunkId::kBytes + place.stored_length;
}

struct PackUse {
  PackInfo info;
  bool is_young = false;
  bool is_named = false;    // by a row of the index
  uint64_t live_bytes = 0;  // of records
};

class Planner {
 public:
  Planner(const ContentStore& store, const absl::flat_hash_set<ArtifactId>& used, GcAge age)
      : store_(store), used_(used), age_(age) {}

  absl::StatusOr<GcPlan> Run() {
    MREG_RETURN_IF_ERROR(ListPacks());
    MREG_RETURN_IF_ERROR(MarkFiles());
    MREG_RETURN_IF_ERROR(MarkDependencies());
    MREG_RETURN_IF_ERROR(SortChunks());
    MREG_RETURN_IF_ERROR(ChoosePacks());
    return std::move(plan_);
  }

 private:
  absl::Status ListPacks() {
    MREG_ASSIGN_OR_RETURN(const auto packs, store_.packs().List());
    for (const PackInfo& pack : packs)
      packs_[pack.id] = {pack, pack.written >= age_.now - age_.grace};
    return absl::OkStatus();
  }

  // One that was not there a moment ago is being written beside us.
  bool IsYoung(const PackId& pack) const {
    const auto found = packs_.find(pack);
    return found == packs_.end() || found->second.is_young;
  }

  bool IsLive(const ChunkId& id, const ChunkPlace& place) const {
    return live_.contains(id) || IsYoung(place.pack);
  }

  void Keep(const Recipe& recipe) {
    for (const RecipeChunk& chunk : recipe.chunks) live_.insert(chunk.id);
  }

  absl::Status MarkFiles() {
    std::vector<ArtifactId> unused;
    absl::Status damaged;
    MREG_RETURN_IF_ERROR(
        store_.index().Scan(Table::kRecipes, "", "", [&](ByteView key, ByteView row) {
          ++plan_.files;
          const auto artifact = ArtifactId::FromBytes(key);
          if (!artifact.ok()) return true;
          if (!used_.contains(*artifact)) {
            unused.push_back(*artifact);
            return true;
          }
          ++plan_.used_files;
          const auto recipe = ParseRecipe(row);
          if (recipe.ok()) Keep(*recipe);
          if (!recipe.ok()) damaged = Annotate(recipe.status(), artifact->ToHex());
          return recipe.ok();
        }));
    if (!damaged.ok()) {
      return absl::DataLossError("a recipe is damaged: " + std::string(MessageOf(damaged)));
    }
    for (const ArtifactId& artifact : unused) MREG_RETURN_IF_ERROR(MarkIfYoung(artifact));
    return absl::OkStatus();
  }

  absl::Status MarkIfYoung(const ArtifactId& artifact) {
    const auto recipe = store_.FindRecipe(artifact);
    if (!recipe.ok() && !absl::IsDataLoss(recipe.status())) return recipe.status();
    if (recipe.ok() && *recipe) {
      MREG_ASSIGN_OR_RETURN(const bool is_young, HasYoungChunk(**recipe));
      if (is_young) {
        ++plan_.kept_files;
        Keep(**recipe);
        return absl::OkStatus();
      }
    }
    plan_.dead_files.push_back(artifact);
    return absl::OkStatus();
  }

  absl::StatusOr<bool> HasYoungChunk(const Recipe& recipe) const {
    std::vector<ChunkId> ids;
    for (const RecipeChunk& chunk : recipe.chunks) ids.push_back(chunk.id);
    MREG_ASSIGN_OR_RETURN(const auto places, PlacesOf(ids));
    return std::ranges::any_of(places,
                               [this](const ChunkPlace& place) { return IsYoung(place.pack); });
  }

  // Of those that are there.
  absl::StatusOr<std::vector<ChunkPlace>> PlacesOf(const std::vector<ChunkId>& ids) const {
    std::vector<ByteView> keys;
    for (const ChunkId& id : ids) keys.push_back(id.bytes());
    MREG_ASSIGN_OR_RETURN(const auto rows, store_.index().GetMany(Table::kChunks, keys));
    std::vector<ChunkPlace> places;
    for (const auto& row : rows) {
      if (!row) continue;
      MREG_ASSIGN_OR_RETURN(const ChunkPlace place, DecodePlace(*row));
      places.push_back(place);
    }
    return places;
  }

  absl::Status MarkDependencies() {
    std::vector<ChunkId> found;
    const auto add = [&](const ChunkPlace& place) {
      for (const ChunkId& id : DependenciesOf(place)) {
        if (live_.insert(id).second) found.push_back(id);
      }
    };
    MREG_RETURN_IF_ERROR(ScanChunks([&](const ChunkId& id, const ChunkPlace& place) {
      if (IsLive(id, place)) add(place);
    }));
    while (!found.empty()) {
      MREG_ASSIGN_OR_RETURN(const auto places, PlacesOf(std::exchange(found, {})));
      for (const ChunkPlace& place : places) add(place);
    }
    return absl::OkStatus();
  }

  absl::Status SortChunks() {
    MREG_RETURN_IF_ERROR(ScanChunks([&](const ChunkId& id, const ChunkPlace& place) {
      ++plan_.chunks;
      const auto pack = packs_.find(place.pack);
      if (pack != packs_.end()) pack->second.is_named = true;
      if (IsLive(id, place)) {
        if (pack != packs_.end()) pack->second.live_bytes += RecordBytes(place);
        return;
      }
      plan_.dead_bytes += place.stored_length;
      plan_.dead_chunks.push_back({id, place});
    }));
    // Pack by pack, so that some can go early where room is short. Chains of dependencies have one
    // link, so two groups are an order.
    std::ranges::sort(plan_.dead_chunks, {}, [](const PackedChunk& chunk) {
      return std::pair(chunk.place.pack, chunk.place.offset);
    });
    auto& dead = plan_.dead_chunks;
    std::stable_partition(dead.begin(), dead.end(), [](const PackedChunk& chunk) {
      return !DependenciesOf(chunk.place).empty();
    });
    return absl::OkStatus();
  }

  // A damaged row is fsck's business, and stays.
  absl::Status ScanChunks(const std::function<void(const ChunkId&, const ChunkPlace&)>& visit) {
    return store_.index().Scan(Table::kChunks, "", "", [&](ByteView key, ByteView row) {
      const auto id = ChunkId::FromBytes(key);
      const auto place = DecodePlace(row);
      if (id.ok() && place.ok()) visit(*id, *place);
      return true;
    });
  }

  absl::Status ChoosePacks() {
    for (const auto& [id, use] : packs_) {
      if (use.is_young) continue;
      if (use.live_bytes == 0) {
        MREG_ASSIGN_OR_RETURN(const bool may_go, MayGo(use));
        if (may_go) Choose(use, plan_.dead_packs);
      } else if (use.live_bytes * 2 < use.info.size && IsSparse(use)) {
        Choose(use, plan_.sparse_packs);
      }
    }
    return absl::OkStatus();
  }

  void Choose(const PackUse& use, std::vector<PackInfo>& packs) {
    packs.push_back(use.info);
    plan_.free_bytes += use.info.size - use.live_bytes;
  }

  absl::StatusOr<bool> MayGo(const PackUse& use) const {
    if (use.is_named) return true;
    MREG_ASSIGN_OR_RETURN(const auto row, store_.index().Get(Table::kPacks, use.info.id.bytes()));
    return row.has_value() || use.info.written < age_.now - kUnindexedGrace;
  }

  // Footers count for nothing here, or packs of few chunks would be written again each time. One
  // whose footer is damaged stays: fsck tells of it.
  bool IsSparse(const PackUse& use) const {
    const auto chunks = ReadPackFooter(store_.packs(), use.info);
    if (!chunks.ok()) return false;
    uint64_t all = 0;
    for (const PackedChunk& chunk : *chunks) all += RecordBytes(chunk.place);
    return use.live_bytes * 2 < all;
  }

  const ContentStore& store_;
  const absl::flat_hash_set<ArtifactId>& used_;
  const GcAge age_;
  GcPlan plan_;
  absl::flat_hash_map<PackId, PackUse> packs_;
  absl::flat_hash_set<ChunkId> live_;
};

}  // namespace

std::vector<ChunkId> DependenciesOf(const ChunkPlace& place) { return place.bases; }

absl::StatusOr<GcPlan> PlanGc(const ContentStore& store,
                              const absl::flat_hash_set<ArtifactId>& used, GcAge age) {
  return Planner(store, used, age).Run();
}

}  // namespace mreg::content
