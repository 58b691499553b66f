#include "storage/content/fsck.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "schema/base/status.h"
#include "storage/content/run_on.h"

namespace mreg::content {
namespace {

using kv::Table;

constexpr size_t kChunksInFlight = 16;

class Checker {
 public:
  Checker(const ContentStore& store, FsckDepth depth, const std::function<void(uint64_t)>& progress)
      : store_(store), depth_(depth), progress_(progress) {}

  absl::StatusOr<FsckReport> Run() {
    MREG_RETURN_IF_ERROR(CheckNewPacks());
    MREG_RETURN_IF_ERROR(CheckIndex());
    MREG_RETURN_IF_ERROR(CheckRecipes());
    std::ranges::sort(report_.damaged);
    report_.damaged.erase(std::unique(report_.damaged.begin(), report_.damaged.end()),
                          report_.damaged.end());
    return std::move(report_);
  }

 private:
  struct Checking {
    ChunkId id;
    std::future<absl::Status> result;
  };

  // Those that were not there at the last call.
  absl::Status CheckNewPacks() {
    MREG_ASSIGN_OR_RETURN(const auto packs, store_.packs().List());
    for (const PackInfo& pack : packs) {
      if (seen_packs_.insert(pack.id).second) CheckPack(pack);
    }
    return absl::OkStatus();
  }

  void CheckPack(const PackInfo& pack) {
    ++report_.packs;
    const auto chunks = ReadPackFooter(store_.packs(), pack);
    if (absl::IsNotFound(chunks.status())) {
      --report_.packs;  // collected since it was listed
    } else if (!chunks.ok()) {
      report_.problems.emplace_back(MessageOf(chunks.status()));
    } else {
      sound_packs_.insert(pack.id);
      for (const PackedChunk& chunk : *chunks) CheckChunk(pack, chunk);
      while (!checking_.empty()) TakeOldest(pack);
    }
    checked_bytes_ += pack.size;
    if (progress_) progress_(checked_bytes_);
  }

  void CheckChunk(const PackInfo& pack, const PackedChunk& chunk) {
    ++report_.chunks;
    if (depth_ == FsckDepth::kIndex) return;
    if (checking_.size() >= kChunksInFlight) TakeOldest(pack);
    checking_.push_back({chunk.id, RunOn(store_.pool(), [this, chunk]() -> absl::Status {
                           MREG_ASSIGN_OR_RETURN(const StoredChunk stored,
                                                 store_.ReadAt(chunk.id, chunk.place));
                           return store_.Prove(stored);
                         })});
  }

  void TakeOldest(const PackInfo& pack) {
    Checking oldest = std::move(checking_.front());
    checking_.pop_front();
    const absl::Status status = oldest.result.get();
    if (status.ok()) return;
    // If the pack is gone, the index tells whether it may be.
    if (absl::IsNotFound(status) && !ReadPackFooter(store_.packs(), pack).ok()) {
      sound_packs_.erase(pack.id);
      return;
    }
    // Of a copy that nothing uses any more nobody needs to know.
    if (const auto is_used = IsStillIn(oldest.id, pack.id); is_used.ok() && !*is_used) return;
    report_.problems.push_back(fmt::format("pack {}: {}", pack.id.ToHex(), MessageOf(status)));
    report_.damaged.push_back(oldest.id);
  }

  absl::Status CheckIndex() {
    std::vector<std::pair<ChunkId, PackId>> suspects;
    MREG_RETURN_IF_ERROR(
        store_.index().Scan(Table::kChunks, "", "", [&](ByteView key, ByteView row) {
          const auto id = ChunkId::FromBytes(key);
          const auto place = DecodePlace(row);
          if (!id.ok() || !place.ok()) {
            report_.problems.emplace_back("the index holds a damaged chunk row");
          } else if (!sound_packs_.contains(place->pack)) {
            suspects.emplace_back(*id, place->pack);
          }
          return true;
        }));
    // A pack is there before the index names it, so those that writers added meanwhile are now.
    if (!suspects.empty()) MREG_RETURN_IF_ERROR(CheckNewPacks());
    for (const auto& [id, pack] : suspects) {
      if (sound_packs_.contains(pack)) continue;
      MREG_ASSIGN_OR_RETURN(const bool is_there, IsStillIn(id, pack));
      if (!is_there) continue;
      report_.problems.push_back(fmt::format("chunk {} is lost: pack {} is missing or damaged",
                                             id.ToShortHex(), pack.ToHex()));
      report_.damaged.push_back(id);
    }
    return absl::OkStatus();
  }

  // False if it was moved or collected meanwhile.
  absl::StatusOr<bool> IsStillIn(const ChunkId& id, const PackId& pack) const {
    MREG_ASSIGN_OR_RETURN(const auto row, store_.index().Get(Table::kChunks, id.bytes()));
    if (!row) return false;
    MREG_ASSIGN_OR_RETURN(const ChunkPlace place, DecodePlace(*row));
    return place.pack == pack;
  }

  absl::Status CheckRecipes() {
    std::vector<ArtifactId> artifacts;
    MREG_RETURN_IF_ERROR(store_.index().Scan(Table::kRecipes, "", "", [&](ByteView key, ByteView) {
      const auto artifact = ArtifactId::FromBytes(key);
      if (artifact.ok()) artifacts.push_back(*artifact);
      return true;
    }));
    for (const ArtifactId& artifact : artifacts) {
      ++report_.artifacts;
      const absl::Status status = CheckArtifact(artifact);
      MREG_ASSIGN_OR_RETURN(const auto row, store_.index().Get(Table::kRecipes, artifact.bytes()));
      if (!row) {
        --report_.artifacts;  // collected meanwhile
      } else if (!status.ok()) {
        report_.problems.push_back(fmt::format("file {}: {}", artifact.ToHex(), MessageOf(status)));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckArtifact(const ArtifactId& artifact) {
    MREG_ASSIGN_OR_RETURN(const auto recipe, store_.FindRecipe(artifact));
    if (!recipe || recipe->artifact != artifact) {
      return absl::DataLossError("its recipe is damaged");
    }
    std::vector<ChunkId> ids;
    for (const RecipeChunk& chunk : recipe->chunks) ids.push_back(chunk.id);
    MREG_ASSIGN_OR_RETURN(const auto missing, store_.Missing(ids));
    if (!missing.empty()) {
      report_.damaged.insert(report_.damaged.end(), missing.begin(), missing.end());
      return absl::NotFoundError(fmt::format("{} of its chunks are missing", missing.size()));
    }
    // Damaged chunks were reported already; a sound set of them can still be put together wrongly.
    const bool look_inside = depth_ == FsckDepth::kContent && report_.damaged.empty();
    return look_inside ? store_.Verify(*recipe) : absl::OkStatus();
  }

  const ContentStore& store_;
  const FsckDepth depth_;
  const std::function<void(uint64_t)>& progress_;
  FsckReport report_;
  absl::flat_hash_set<PackId> seen_packs_;
  absl::flat_hash_set<PackId> sound_packs_;
  std::deque<Checking> checking_;
  uint64_t checked_bytes_ = 0;
};

}  // namespace

absl::StatusOr<FsckReport> Fsck(const ContentStore& store, FsckDepth depth,
                                const std::function<void(uint64_t)>& progress) {
  return Checker(store, depth, progress).Run();
}

absl::StatusOr<uint64_t> RebuildIndex(ContentStore& store) {
  uint64_t entered = 0;
  MREG_ASSIGN_OR_RETURN(const auto packs, store.packs().List());
  for (const PackInfo& pack : packs) {
    const auto chunks = ReadPackFooter(store.packs(), pack);
    if (!chunks.ok()) continue;
    kv::Batch batch;
    StagePack(*chunks, batch);
    MREG_RETURN_IF_ERROR(store.index().Commit(batch));
    entered += chunks->size();
  }
  return entered;
}

}  // namespace mreg::content
