#include "storage/content/optimize.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "schema/base/status.h"
#include "storage/content/like.h"
#include "storage/content/pack_rewriter.h"
#include "storage/content/run_on.h"
#include "storage/content/similar_tensors.h"

namespace mreg::content {
namespace {

using kv::Table;

// Of files that were looked at: with encodings that find more, another one.
constexpr std::string_view kLookedAt = "\x01";

constexpr uint32_t kLeastBytes = 4'096;    // of a chunk that is worth the trouble
constexpr size_t kChunksInBatch = 1'024;   // that a step switches
constexpr size_t kInFlightPerThread = 2;   // chunks that are read, with their bases
constexpr size_t kFilesBetweenMarks = 64;  // where nothing is improved

// A new form has to save so much of the old one.
bool Pays(uint64_t before, uint64_t after) { return after + before / 16 <= before; }

uint64_t CostOf(const StoredChunk& chunk) {
  return chunk.payload.size() + chunk.bases.size() * ChunkId::kBytes;
}

// A chunk of a tensor that needs no base and is none, as far as is known.
struct Piece {
  PackedChunk chunk;
  uint64_t offset = 0;  // bytes into the tensor
};

// What is to be switched to its new form.
struct Improved {
  PackedChunk original;
  std::vector<ChunkId> bases;
  uint64_t cost = 0;               // bytes of the new form
  std::optional<uint64_t> sketch;  // of the tensor that begins with it
};

class Optimizer {
 public:
  Optimizer(ContentStore& store, const OptimizeOptions& options, BaseGuard& guard,
            const MayRely& may_rely, const GcProgress& progress)
      : store_(store),
        options_(options),
        guard_(guard),
        may_rely_(may_rely),
        progress_(progress),
        similar_(store),
        pool_(std::max<size_t>(options.threads, 1)) {}

  absl::StatusOr<OptimizeReport> Run() {
    MREG_ASSIGN_OR_RETURN(const auto files, FilesToLookAt());
    if (files.empty()) return std::move(report_);
    MREG_ASSIGN_OR_RETURN(bases_, ListBases(store_.index()));
    for (const ArtifactId& file : files) {
      MREG_RETURN_IF_ERROR(LookAt(file));
      if (report_.was_stopped) break;
      ++report_.looked_files;
      if (progress_) progress_("looking at files", report_.looked_files, files.size());
    }
    MREG_RETURN_IF_ERROR(Flush());
    return std::move(report_);
  }

 private:
  struct Outcome {
    absl::Status status;
    std::optional<StoredChunk> better;
  };
  struct InFlight {
    Piece piece;
    std::future<Outcome> outcome;
  };

  absl::StatusOr<std::vector<ArtifactId>> FilesToLookAt() {
    std::vector<ArtifactId> files;
    absl::flat_hash_set<ArtifactId> done;
    MREG_RETURN_IF_ERROR(
        store_.index().Scan(Table::kOptimized, "", "", [&](ByteView key, ByteView row) {
          const auto file = ArtifactId::FromBytes(key);
          if (file.ok() && row == kLookedAt) done.insert(*file);
          return true;
        }));
    MREG_RETURN_IF_ERROR(store_.index().Scan(Table::kRecipes, "", "", [&](ByteView key, ByteView) {
      ++report_.files;
      const auto file = ArtifactId::FromBytes(key);
      if (file.ok() && !done.contains(*file)) files.push_back(*file);
      return true;
    }));
    return files;
  }

  absl::Status LookAt(const ArtifactId& file) {
    const auto recipe = store_.FindRecipe(file);
    if (absl::IsDataLoss(recipe.status())) return PassOver(recipe.status());
    MREG_RETURN_IF_ERROR(recipe.status());
    if (!*recipe) return absl::OkStatus();  // collected meanwhile
    for (uint32_t number = 0; number < (*recipe)->tensors.size() && !IsStopped(); ++number) {
      MREG_RETURN_IF_ERROR(LookAtTensor(**recipe, number));
    }
    report_.was_stopped = IsStopped();
    if (report_.was_stopped) return absl::OkStatus();
    // Its tensors are found by those of later files, not by its own: as when it is added.
    if (!sketches_.writes().empty()) {
      MREG_RETURN_IF_ERROR(store_.index().Commit(std::exchange(sketches_, {})));
    }
    if (std::exchange(was_held_, false)) return absl::OkStatus();
    looked_at_.push_back(file);
    return looked_at_.size() >= kFilesBetweenMarks ? Flush() : absl::OkStatus();
  }

  bool IsStopped() const { return options_.stop.stop_requested(); }

  absl::Status PassOver(const absl::Status& why) {
    report_.problems.emplace_back(MessageOf(why));
    return absl::OkStatus();
  }

  // Those that are not here, damaged or in no shape that tensors are cut into are left out.
  absl::StatusOr<std::vector<Piece>> PiecesOf(const Recipe& recipe,
                                              const TensorSpans& spans) const {
    std::vector<Piece> pieces;
    std::vector<ByteView> keys;
    for (uint32_t i = 0; i < spans.count; ++i) {
      keys.push_back(recipe.chunks[recipe.spans[spans.first_span + i].chunk].id.bytes());
    }
    MREG_ASSIGN_OR_RETURN(const auto rows, store_.index().GetMany(Table::kChunks, keys));
    uint64_t offset = 0;
    for (uint32_t i = 0; i < spans.count; ++i) {
      const Span& span = recipe.spans[spans.first_span + i];
      const RecipeChunk& chunk = recipe.chunks[span.chunk];
      const uint64_t begin = std::exchange(offset, offset + span.length);
      if (!rows[i] || span.length != chunk.length || chunk.length < kLeastBytes) continue;
      auto place = DecodePlace(*rows[i]);
      if (!place.ok() || !place->bases.empty() || bases_.contains(chunk.id)) continue;
      pieces.push_back({{chunk.id, *std::move(place)}, begin});
    }
    return pieces;
  }

  absl::Status LookAtTensor(const Recipe& recipe, uint32_t number) {
    const StoredTensor tensor = TensorOf(recipe, recipe.tensors[number]);
    MREG_ASSIGN_OR_RETURN(auto pieces, PiecesOf(recipe, recipe.tensors[number]));
    if (tensor.chunks.empty()) return absl::OkStatus();
    const auto sketch = similar_.SketchOf(tensor);
    if (absl::IsNotFound(sketch.status())) return absl::OkStatus();
    if (!sketch.ok()) return PassOver(sketch.status());
    if (!*sketch) return absl::OkStatus();
    const ChunkId& first = tensor.chunks.front();
    std::erase_if(pieces,
                  [&](const Piece& piece) { return !tried_.insert(piece.chunk.id).second; });
    if (!pieces.empty()) {
      ++report_.tensors;
      MREG_ASSIGN_OR_RETURN(const auto alike, FindAlike(tensor, **sketch));
      if (alike) MREG_RETURN_IF_ERROR(Improve(tensor, *alike, pieces, (*sketch)->bits));
    }
    if (dependants_.contains(first)) return absl::OkStatus();
    MREG_ASSIGN_OR_RETURN(const auto usable, store_.UsableBases({&first, 1}));
    if (!usable.empty()) StageSketch(recipe, {number, (*sketch)->bits}, sketches_);
    return absl::OkStatus();
  }

  // Its own row hides others in the buckets around; one that begins with the same chunk has the
  // same row. So it is asked for both.
  absl::StatusOr<std::optional<StoredTensor>> FindAlike(const StoredTensor& tensor,
                                                        const encoding::Sketch& sketch) {
    TensorQuery query{sketch, tensor.type, std::nullopt, nullptr};
    query.may_use = [&](std::span<const ChunkId> chunks) -> absl::StatusOr<bool> {
      if (std::ranges::equal(chunks, tensor.chunks)) return false;
      return may_rely_ ? may_rely_(tensor.chunks, chunks) : true;
    };
    MREG_ASSIGN_OR_RETURN(auto found, similar_.Find(query));
    if (found) return found;
    query.itself = tensor.chunks.front();
    return similar_.Find(query);
  }

  // Where the first piece gains nothing the others are not tried.
  absl::Status Improve(const StoredTensor& tensor, const StoredTensor& alike,
                       std::vector<Piece>& pieces, uint64_t sketch) {
    std::deque<InFlight> in_flight;
    const auto take = [&]() -> absl::StatusOr<bool> {
      InFlight oldest = std::move(in_flight.front());
      in_flight.pop_front();
      return Take(oldest.piece, oldest.outcome.get(), tensor, sketch);
    };
    bool pays = true;
    absl::Status status;
    for (size_t i = 0; i < pieces.size() && pays && status.ok() && !IsStopped(); ++i) {
      Like like = PieceOf({alike}, tensor.type, pieces[i].offset, {});
      if (like.chunks.empty()) continue;  // it has grown beyond what it is like
      ++report_.chunks;
      in_flight.push_back({pieces[i], RunOn(pool_, [this, piece = pieces[i], type = tensor.type,
                                                    like = std::move(like)] {
                             return EncodeAtEase(piece.chunk, type, like);
                           })});
      if (i > 0 && in_flight.size() < kInFlightPerThread * pool_.size()) continue;
      const auto taken = take();
      status = taken.status();
      if (i == 0 && taken.ok()) pays = *taken;
    }
    while (!in_flight.empty()) {
      const auto taken = take();
      if (status.ok()) status = taken.status();
    }
    return status;
  }

  Outcome EncodeAtEase(const PackedChunk& chunk, onnx::DataType type, const Like& like) const {
    const auto begin = std::chrono::steady_clock::now();
    Outcome outcome = EncodeBetter(chunk, type, like);
    if (options_.cpu_percent > 0 && options_.cpu_percent < 100) {
      const auto worked = std::chrono::steady_clock::now() - begin;
      Rest(worked * (100 - options_.cpu_percent) / options_.cpu_percent);
    }
    return outcome;
  }

  void Rest(std::chrono::steady_clock::duration time) const {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, options_.stop, time, [] { return false; });
  }

  // Nothing if it does not pay.
  Outcome EncodeBetter(const PackedChunk& chunk, onnx::DataType type, const Like& like) const {
    const auto plain = store_.Get(chunk.id);
    if (!plain.ok()) return {plain.status(), std::nullopt};
    StoredChunk stored = EncodeLike(store_, chunk.id, *plain, type, like);
    if (stored.bases.empty() || std::ranges::count(stored.bases, chunk.id) > 0 ||
        !Pays(chunk.place.stored_length, CostOf(stored))) {
      return {absl::OkStatus(), std::nullopt};
    }
    absl::Status proof = store_.Prove(stored);
    if (!proof.ok()) return {std::move(proof), std::nullopt};
    return {absl::OkStatus(), std::move(stored)};
  }

  // Whether the chunk will be stored in a better form.
  absl::StatusOr<bool> Take(const Piece& piece, Outcome outcome, const StoredTensor& tensor,
                            uint64_t sketch) {
    const absl::Status& status = outcome.status;
    // Damaged, or collected since the tensor was found.
    if (absl::IsDataLoss(status)) {
      MREG_RETURN_IF_ERROR(PassOver(status));
      return false;
    }
    if (absl::IsNotFound(status) || absl::IsFailedPrecondition(status)) return false;
    MREG_RETURN_IF_ERROR(status);
    if (!outcome.better || bases_.contains(piece.chunk.id)) return false;
    const StoredChunk& better = *outcome.better;
    if (std::ranges::any_of(better.bases,
                            [&](const ChunkId& base) { return dependants_.contains(base); })) {
      return false;
    }
    bases_.insert(better.bases.begin(), better.bases.end());
    dependants_.insert(piece.chunk.id);
    Improved improved{piece.chunk, better.bases, CostOf(better), std::nullopt};
    if (piece.chunk.id == tensor.chunks.front()) improved.sketch = sketch;
    MREG_RETURN_IF_ERROR(Add(std::move(improved), better));
    return true;
  }

  absl::Status Add(Improved improved, const StoredChunk& better) {
    if (options_.mode == OptimizeMode::kDryRun) {
      Count(improved);
      return absl::OkStatus();
    }
    if (!writer_) {
      MREG_ASSIGN_OR_RETURN(writer_, PackWriter::Begin(store_.packs()));
    }
    MREG_RETURN_IF_ERROR(writer_->Add(better));
    improved_.push_back(std::move(improved));
    const bool is_full = writer_->size() >= kPackBytes || improved_.size() >= kChunksInBatch;
    return is_full ? Flush() : absl::OkStatus();
  }

  void Count(const Improved& improved) {
    ++report_.improved_chunks;
    report_.bytes_before += improved.original.place.stored_length;
    report_.bytes_after += improved.cost;
  }

  // The pack is durable before any row names it, and one batch moves the rows. Files count as
  // looked at when what was found for them is switched.
  absl::Status Flush() {
    const auto files = std::exchange(looked_at_, {});
    if (options_.mode == OptimizeMode::kDryRun) return absl::OkStatus();
    kv::Batch marks;
    for (const ArtifactId& file : files) marks.Put(Table::kOptimized, file.bytes(), kLookedAt);
    bool is_complete = true;
    if (writer_) {
      PackWriter writer = *std::exchange(writer_, {});
      MREG_ASSIGN_OR_RETURN(const auto copies, writer.Seal());
      MREG_ASSIGN_OR_RETURN(is_complete, Switch(copies));
    }
    was_held_ = !is_complete;
    if (!is_complete || files.empty()) return absl::OkStatus();
    return store_.index().Commit(marks);
  }

  // False if some had to stay as they were.
  absl::StatusOr<bool> Switch(const std::vector<PackedChunk>& copies) {
    absl::flat_hash_map<ChunkId, ChunkPlace> places;
    for (const PackedChunk& copy : copies) places.emplace(copy.id, copy.place);
    auto improved = std::exchange(improved_, {});
    const size_t all = improved.size();
    MREG_ASSIGN_OR_RETURN(const auto step, guard_.BeginStep());
    std::erase_if(improved,
                  [&](const Improved& chunk) { return step->HoldsAsBase(chunk.original.id); });
    while (true) {
      MREG_RETURN_IF_ERROR(DropOutdated(improved));
      if (improved.empty()) break;
      MREG_ASSIGN_OR_RETURN(const bool is_done, TryToSwitch(improved, places));
      if (is_done) break;
    }
    for (const Improved& chunk : improved) Count(chunk);
    report_.held += all - improved.size();
    return improved.size() == all;
  }

  // Those whose row is not as it was, or whose bases are gone or need others by now.
  absl::Status DropOutdated(std::vector<Improved>& improved) const {
    std::vector<Improved> left;
    for (Improved& chunk : improved) {
      MREG_ASSIGN_OR_RETURN(const auto row,
                            store_.index().Get(Table::kChunks, chunk.original.id.bytes()));
      if (row != EncodePlace(chunk.original.place)) continue;
      MREG_ASSIGN_OR_RETURN(const auto usable, store_.UsableBases(chunk.bases));
      if (usable.size() == chunk.bases.size()) left.push_back(std::move(chunk));
    }
    improved = std::move(left);
    return absl::OkStatus();
  }

  // False if a row changed meanwhile.
  absl::StatusOr<bool> TryToSwitch(const std::vector<Improved>& improved,
                                   const absl::flat_hash_map<ChunkId, ChunkPlace>& places) const {
    kv::Batch batch;
    std::vector<PackedChunk> moved;
    absl::flat_hash_set<ChunkId> expected;
    for (const Improved& chunk : improved) {
      const ChunkId& id = chunk.original.id;
      batch.Expect(Table::kChunks, id.bytes(), EncodePlace(chunk.original.place));
      moved.push_back({id, places.at(id)});
      if (chunk.sketch) StageSketchRemoval(*chunk.sketch, id, batch);
      for (const ChunkId& base : chunk.bases) {
        if (!expected.insert(base).second) continue;
        MREG_ASSIGN_OR_RETURN(const auto row, store_.index().Get(Table::kChunks, base.bytes()));
        const auto place = row ? DecodePlace(*row) : absl::NotFoundError("");
        if (!place.ok() || !place->bases.empty()) return false;
        batch.Expect(Table::kChunks, base.bytes(), *row);
      }
    }
    StagePack(moved, batch);
    const absl::Status status = store_.index().Commit(batch);
    if (absl::IsAborted(status)) return false;
    MREG_RETURN_IF_ERROR(status);
    return true;
  }

  ContentStore& store_;
  const OptimizeOptions options_;
  BaseGuard& guard_;
  const MayRely& may_rely_;
  const GcProgress& progress_;
  SimilarTensors similar_;
  absl::flat_hash_set<ChunkId> bases_;       // that must stay as they are
  absl::flat_hash_set<ChunkId> dependants_;  // that this run makes, and must not become bases
  absl::flat_hash_set<ChunkId> tried_;
  std::optional<PackWriter> writer_;
  std::vector<Improved> improved_;     // of what writer_ holds
  std::vector<ArtifactId> looked_at_;  // whose chunks were switched, or are in writer_
  bool was_held_ = false;              // a chunk of the file that is being looked at
  kv::Batch sketches_;
  OptimizeReport report_;
  ThreadPool pool_;
};

}  // namespace

absl::StatusOr<absl::flat_hash_set<ChunkId>> ListBases(const kv::KeyValueStore& index) {
  absl::flat_hash_set<ChunkId> bases;
  MREG_RETURN_IF_ERROR(index.Scan(Table::kChunks, "", "", [&](ByteView, ByteView row) {
    const auto place = DecodePlace(row);
    if (place.ok()) bases.insert(place->bases.begin(), place->bases.end());
    return true;
  }));
  return bases;
}

absl::StatusOr<OptimizeReport> Optimize(ContentStore& store, const OptimizeOptions& options,
                                        BaseGuard& guard, const MayRely& may_rely,
                                        const GcProgress& progress) {
  return Optimizer(store, options, guard, may_rely, progress).Run();
}

}  // namespace mreg::content
