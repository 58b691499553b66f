#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "schema/base/status.h"
#include "storage/content/gc.h"
#include "storage/content/pack_rewriter.h"
#include "storage/content/similar_tensors.h"

namespace mreg::content {
namespace {

using kv::Table;

// Rows removed at once: what others wait for, if they happen to begin to count on something.
constexpr size_t kRowsInBatch = 1'024;

class Nothing final : public GcGuard::Step {
 public:
  bool Holds(const ArtifactId&) const override { return false; }
  bool Holds(const ChunkId&) const override { return false; }
};

class Sweeper {
 public:
  Sweeper(ContentStore& store, const GcPlan& plan, GcGuard& guard, const GcProgress& progress,
          const std::stop_token& stop)
      : store_(store),
        plan_(plan),
        guard_(guard),
        progress_(progress),
        stop_(stop),
        rewriter_(store) {}

  absl::StatusOr<GcOutcome> Run() {
    MREG_RETURN_IF_ERROR(RemoveFiles());
    MREG_RETURN_IF_ERROR(RemoveChunksAndPacks());
    MREG_RETURN_IF_ERROR(RewritePacks());
    MREG_RETURN_IF_ERROR(RemoveSketches());
    outcome_.freed_bytes -= std::min(outcome_.freed_bytes, rewriter_.copied_bytes());
    return std::move(outcome_);
  }

 private:
  absl::Status Tell(std::string_view phase, uint64_t done, uint64_t total) const {
    if (progress_) progress_(phase, done, total);
    return stop_.stop_requested() ? absl::CancelledError("it was stopped") : absl::OkStatus();
  }

  absl::Status RemoveFiles() {
    const auto& files = plan_.dead_files;
    for (size_t begin = 0; begin < files.size(); begin += kRowsInBatch) {
      const size_t count = std::min(kRowsInBatch, files.size() - begin);
      MREG_RETURN_IF_ERROR(RemoveSomeFiles({files.data() + begin, count}));
      MREG_RETURN_IF_ERROR(Tell("removing files", begin + count, files.size()));
    }
    return absl::OkStatus();
  }

  absl::Status RemoveSomeFiles(std::span<const ArtifactId> files) {
    std::vector<ArtifactId> held;
    {
      const auto step = guard_.BeginStep();
      kv::Batch batch;
      for (const ArtifactId& file : files) {
        if (step->Holds(file)) {
          held.push_back(file);
        } else {
          batch.Remove(Table::kRecipes, file.bytes());
          batch.Remove(Table::kOptimized, file.bytes());
        }
      }
      MREG_RETURN_IF_ERROR(store_.index().Commit(batch));
      outcome_.removed_files += files.size() - held.size();
    }
    for (const ArtifactId& file : held) {
      ++outcome_.held;
      MREG_ASSIGN_OR_RETURN(const auto recipe, store_.FindRecipe(file));
      if (!recipe) continue;
      for (const RecipeChunk& chunk : recipe->chunks) MREG_RETURN_IF_ERROR(Keep(chunk.id));
    }
    return absl::OkStatus();
  }

  absl::Status Keep(const ChunkId& id) {
    if (!kept_.insert(id).second) return absl::OkStatus();
    MREG_ASSIGN_OR_RETURN(const auto row, store_.index().Get(Table::kChunks, id.bytes()));
    if (!row) return absl::OkStatus();
    MREG_ASSIGN_OR_RETURN(const ChunkPlace place, DecodePlace(*row));
    for (const ChunkId& needed : DependenciesOf(place)) MREG_RETURN_IF_ERROR(Keep(needed));
    return absl::OkStatus();
  }

  // On a full disk there is no room for the index to tell of all removals: the packs that they
  // have emptied go in between.
  absl::Status RemoveChunksAndPacks() {
    while (true) {
      const absl::Status status = RemoveChunks();
      if (!status.ok() && !absl::IsResourceExhausted(status)) return status;
      const uint64_t before = outcome_.removed_packs;
      MREG_RETURN_IF_ERROR(RemovePacks());
      if (status.ok() || outcome_.removed_packs == before) return status;
    }
  }

  absl::Status RemoveChunks() {
    const auto& chunks = plan_.dead_chunks;
    while (next_chunk_ < chunks.size()) {
      const size_t end = std::min(next_chunk_ + kRowsInBatch, chunks.size());
      MREG_RETURN_IF_ERROR(RemoveSomeChunks({chunks.begin() + static_cast<ptrdiff_t>(next_chunk_),
                                             chunks.begin() + static_cast<ptrdiff_t>(end)}));
      next_chunk_ = end;
      MREG_RETURN_IF_ERROR(Tell("removing chunks", end, chunks.size()));
    }
    return absl::OkStatus();
  }

  // A concurrent change wins: what is not where it was planned to be is left out.
  absl::Status RemoveSomeChunks(std::vector<PackedChunk> chunks) {
    while (true) {
      MREG_ASSIGN_OR_RETURN(const bool is_done, TryToRemove(chunks));
      if (is_done) return absl::OkStatus();
      MREG_RETURN_IF_ERROR(DropChanged(store_.index(), chunks));
    }
  }

  absl::StatusOr<bool> TryToRemove(const std::vector<PackedChunk>& chunks) {
    std::vector<ChunkId> held;
    uint64_t removed = 0;
    {
      const auto step = guard_.BeginStep();
      kv::Batch batch;
      for (const auto& [id, place] : chunks) {
        if (kept_.contains(id)) continue;
        if (step->Holds(id)) {
          held.push_back(id);
          continue;
        }
        batch.Expect(Table::kChunks, id.bytes(), EncodePlace(place));
        batch.Remove(Table::kChunks, id.bytes());
        ++removed;
      }
      const absl::Status status = store_.index().Commit(batch);
      if (absl::IsAborted(status)) return false;
      MREG_RETURN_IF_ERROR(status);
    }
    outcome_.removed_chunks += removed;
    outcome_.held += held.size();
    for (const ChunkId& id : held) MREG_RETURN_IF_ERROR(Keep(id));
    return true;
  }

  absl::Status RemovePacks() {
    uint64_t done = 0;
    for (const PackInfo& pack : plan_.dead_packs) {
      MREG_RETURN_IF_ERROR(RemovePack(pack).status());
      MREG_RETURN_IF_ERROR(Tell("removing packs", ++done, plan_.dead_packs.size()));
    }
    return absl::OkStatus();
  }

  // Whether it went: not if the index has something in it still, or cannot tell.
  absl::StatusOr<bool> RemovePack(const PackInfo& pack) {
    const auto named = ChunksNamedIn(store_, pack);
    if (absl::IsNotFound(named.status())) return false;
    if (absl::IsDataLoss(named.status())) return Stays(pack, named.status());
    MREG_RETURN_IF_ERROR(named.status());
    if (!named->empty()) return false;
    kv::Batch batch;
    batch.Remove(Table::kPacks, pack.id.bytes());
    const absl::Status status = store_.index().Commit(batch);
    // A pack's row without its file does no harm, and there may be no room to remove it.
    if (!status.ok() && !absl::IsResourceExhausted(status)) return status;
    MREG_RETURN_IF_ERROR(store_.packs().Remove(pack.id));
    ++outcome_.removed_packs;
    outcome_.freed_bytes += pack.size;
    return true;
  }

  absl::StatusOr<bool> Stays(const PackInfo& pack, const absl::Status& why) {
    outcome_.problems.push_back(
        fmt::format("pack {} has to stay: {}", pack.id.ToHex(), MessageOf(why)));
    return false;
  }

  absl::Status RewritePacks() {
    const absl::Status status = CopyLiveChunks();
    if (!absl::IsResourceExhausted(status)) return status;
    outcome_.problems.emplace_back(
        "there is no room to write all packs again that are mostly dead");
    return absl::OkStatus();
  }

  // Old packs go as soon as what was copied of them is safe, so that little room is needed.
  absl::Status CopyLiveChunks() {
    std::vector<PackInfo> copied;
    uint64_t done = 0;
    for (const PackInfo& pack : plan_.sparse_packs) {
      const uint64_t before = rewriter_.copied_bytes();
      const absl::Status status = rewriter_.Add(pack);
      if (absl::IsDataLoss(status)) {
        MREG_RETURN_IF_ERROR(Stays(pack, status).status());
      } else if (!absl::IsNotFound(status)) {
        MREG_RETURN_IF_ERROR(status);
        copied.push_back(pack);
      }
      if (rewriter_.copied_bytes() > before) MREG_RETURN_IF_ERROR(RemoveCopied(copied));
      MREG_RETURN_IF_ERROR(Tell("rewriting packs", ++done, plan_.sparse_packs.size()));
    }
    MREG_RETURN_IF_ERROR(rewriter_.Finish());
    return RemoveCopied(copied);
  }

  // Leaves in `copied` those that are still needed.
  absl::Status RemoveCopied(std::vector<PackInfo>& copied) {
    for (const PackInfo& pack : std::exchange(copied, {})) {
      MREG_ASSIGN_OR_RETURN(const bool went, RemovePack(pack));
      if (went) ++outcome_.rewritten_packs;
      if (!went) copied.push_back(pack);
    }
    return absl::OkStatus();
  }

  // Those of removed files do no harm, so on a full disk they wait for another time.
  absl::Status RemoveSketches() {
    if (outcome_.removed_files == 0) return absl::OkStatus();
    const absl::Status status = SimilarTensors(store_).RemoveStale();
    return absl::IsResourceExhausted(status) ? absl::OkStatus() : status;
  }

  ContentStore& store_;
  const GcPlan& plan_;
  GcGuard& guard_;
  const GcProgress& progress_;
  const std::stop_token& stop_;
  PackRewriter rewriter_;
  size_t next_chunk_ = 0;
  absl::flat_hash_set<ChunkId> kept_;  // of files that are held, and what those depend on
  GcOutcome outcome_;
};

}  // namespace

std::unique_ptr<GcGuard::Step> NothingIsHeld::BeginStep() { return std::make_unique<Nothing>(); }

absl::StatusOr<GcOutcome> ExecuteGc(ContentStore& store, const GcPlan& plan, GcGuard& guard,
                                    const GcProgress& progress, const std::stop_token& stop) {
  return Sweeper(store, plan, guard, progress, stop).Run();
}

}  // namespace mreg::content
