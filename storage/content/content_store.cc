#include "storage/content/content_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <future>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "schema/base/coding.h"
#include "schema/base/sha256.h"
#include "schema/base/status.h"
#include "storage/content/artifact_reader.h"
#include "storage/content/base_finder.h"
#include "storage/content/encoding/element.h"
#include "storage/content/file_putter.h"
#include "storage/content/record_stream.h"
#include "storage/content/run_on.h"

namespace mreg::content {
namespace {

using kv::Table;

absl::Status AbsentChunk(const ChunkId& id) {
  return absl::NotFoundError(fmt::format("chunk {} is not in the store", id.ToShortHex()));
}

std::vector<ByteView> KeysOf(std::span<const ChunkId> ids) {
  std::vector<ByteView> keys;
  keys.reserve(ids.size());
  for (const ChunkId& id : ids) keys.push_back(id.bytes());
  return keys;
}

// Writes to a sink on a thread of its own, while its owner makes what is to follow.
class SinkThread {
 public:
  explicit SinkThread(ByteSink& sink) : sink_(sink) {}

  // `holder` keeps `piece` alive. An error may be one of an earlier call.
  absl::Status Write(ByteView piece, std::shared_ptr<const Bytes> holder) {
    while (writing_.size() >= kPiecesAhead) MREG_RETURN_IF_ERROR(TakeOldest());
    writing_.push_back(RunOn(thread_, [this, piece, holder = std::move(holder)] {
      if (status_.ok()) status_ = sink_.Write(piece);
      return status_;
    }));
    return absl::OkStatus();
  }

  absl::Status Finish() {
    while (!writing_.empty()) MREG_RETURN_IF_ERROR(TakeOldest());
    return absl::OkStatus();
  }

 private:
  static constexpr size_t kPiecesAhead = 16;

  absl::Status TakeOldest() {
    auto oldest = std::move(writing_.front());
    writing_.pop_front();
    return oldest.get();
  }

  ByteSink& sink_;
  absl::Status status_;  // touched by thread_ alone
  std::deque<std::future<absl::Status>> writing_;
  ThreadPool thread_{1};
};

// Feeds what a killed writer left to `parser` until it ends or makes no sense any more.
absl::Status ReplayUpload(const ReadableFile& file, RecordParser& parser) {
  Bytes buffer(1 << 20, '\0');
  for (uint64_t offset = 0; !parser.at_end();) {
    MREG_ASSIGN_OR_RETURN(const size_t got, file.ReadAt(offset, buffer));
    if (got == 0) break;
    offset += got;
    // A stream that breaks off or turns into garbage ends here; what came before is good.
    if (!parser.Feed(ByteView(buffer).substr(0, got)).ok()) break;
  }
  return absl::OkStatus();
}

}  // namespace

ContentStore::ContentStore(kv::KeyValueStore& index, PackStore& packs)
    : index_(index), packs_(packs), pool_(std::make_unique<ThreadPool>(DefaultThreadCount())) {}

absl::StatusOr<std::vector<ChunkId>> ContentStore::Missing(std::span<const ChunkId> ids) const {
  const auto keys = KeysOf(ids);
  MREG_ASSIGN_OR_RETURN(const auto rows, index_.GetMany(Table::kChunks, keys));
  std::vector<ChunkId> missing;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!rows[i]) missing.push_back(ids[i]);
  }
  return missing;
}

absl::StatusOr<std::vector<ChunkId>> ContentStore::BasesOf(std::span<const ChunkId> ids) const {
  const auto keys = KeysOf(ids);
  MREG_ASSIGN_OR_RETURN(const auto rows, index_.GetMany(Table::kChunks, keys));
  std::vector<ChunkId> bases;
  absl::flat_hash_set<ChunkId> seen;
  for (const auto& row : rows) {
    if (!row) continue;
    MREG_ASSIGN_OR_RETURN(const ChunkPlace place, DecodePlace(*row));
    for (const ChunkId& base : place.bases) {
      if (seen.insert(base).second) bases.push_back(base);
    }
  }
  return bases;
}

absl::StatusOr<std::vector<ChunkId>> ContentStore::UsableBases(std::span<const ChunkId> ids) const {
  const auto keys = KeysOf(ids);
  MREG_ASSIGN_OR_RETURN(const auto rows, index_.GetMany(Table::kChunks, keys));
  std::vector<ChunkId> usable;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!rows[i]) continue;
    MREG_ASSIGN_OR_RETURN(const ChunkPlace place, DecodePlace(*rows[i]));
    if (place.bases.empty()) usable.push_back(ids[i]);
  }
  return usable;
}

absl::StatusOr<std::vector<ChunkPlace>> ContentStore::Locate(std::span<const ChunkId> ids) const {
  const auto keys = KeysOf(ids);
  MREG_ASSIGN_OR_RETURN(const auto rows, index_.GetMany(Table::kChunks, keys));
  std::vector<ChunkPlace> places(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!rows[i]) return AbsentChunk(ids[i]);
    MREG_ASSIGN_OR_RETURN(places[i], DecodePlace(*rows[i]));
  }
  return places;
}

absl::StatusOr<StoredChunk> ContentStore::ReadAt(const ChunkId& id, const ChunkPlace& place) const {
  auto chunk = ReadRecord(packs_, id, place);
  if (!absl::IsNotFound(chunk.status())) return chunk;
  // The pack was collected since `place` was looked up; a live chunk has another place by now.
  MREG_ASSIGN_OR_RETURN(const auto row, index_.Get(Table::kChunks, id.bytes()));
  if (!row) return AbsentChunk(id);
  MREG_ASSIGN_OR_RETURN(const ChunkPlace now, DecodePlace(*row));
  return now.pack == place.pack ? std::move(chunk) : ReadRecord(packs_, id, now);
}

absl::StatusOr<StoredChunk> ContentStore::GetStored(const ChunkId& id) const {
  MREG_ASSIGN_OR_RETURN(const auto row, index_.Get(Table::kChunks, id.bytes()));
  if (!row) return AbsentChunk(id);
  MREG_ASSIGN_OR_RETURN(const ChunkPlace place, DecodePlace(*row));
  return ReadAt(id, place);
}

absl::StatusOr<Bytes> ContentStore::Get(const ChunkId& id) const {
  MREG_ASSIGN_OR_RETURN(StoredChunk chunk, GetStored(id));
  MREG_ASSIGN_OR_RETURN(const auto base, JoinBases(chunk, &ContentStore::Get));
  return Decode(std::move(chunk), *base);
}

absl::StatusOr<Bytes> ContentStore::GetUnverified(const ChunkId& id) const {
  MREG_ASSIGN_OR_RETURN(StoredChunk chunk, GetStored(id));
  MREG_ASSIGN_OR_RETURN(const auto base, JoinBases(chunk, &ContentStore::GetUnverified));
  return DecodeUnverified(std::move(chunk), *base);
}

absl::StatusOr<std::shared_ptr<const Bytes>> ContentStore::GetBases(
    const StoredChunk& chunk) const {
  return JoinBases(chunk, &ContentStore::Get);
}

absl::StatusOr<std::shared_ptr<const Bytes>> ContentStore::JoinBases(const StoredChunk& chunk,
                                                                     Getter get) const {
  if (chunk.bases.empty()) return std::make_shared<const Bytes>();
  MREG_ASSIGN_OR_RETURN(const auto places, Locate(chunk.bases));
  for (size_t i = 0; i < chunk.bases.size(); ++i) {
    if (!places[i].bases.empty()) {
      return absl::FailedPreconditionError(
          fmt::format("chunk {} is a difference to {}, which is one itself", chunk.id.ToShortHex(),
                      chunk.bases[i].ToShortHex()));
    }
  }
  return Join(chunk.bases, get);
}

absl::StatusOr<std::shared_ptr<const Bytes>> ContentStore::Join(std::span<const ChunkId> ids,
                                                                Getter get) const {
  if (ids.size() == 1) {
    MREG_ASSIGN_OR_RETURN(Bytes plain, (this->*get)(ids[0]));
    return std::make_shared<const Bytes>(std::move(plain));
  }
  {
    const std::scoped_lock lock(joined_mutex_);
    if (joined_ && joined_->get == get && std::ranges::equal(joined_->ids, ids)) {
      return std::shared_ptr<const Bytes>(joined_, &joined_->plain);
    }
  }
  auto joined = std::make_shared<Joined>(Joined{{ids.begin(), ids.end()}, get, {}});
  for (const ChunkId& id : ids) {
    MREG_ASSIGN_OR_RETURN(const Bytes plain, (this->*get)(id));
    joined->plain += plain;
  }
  const std::scoped_lock lock(joined_mutex_);
  joined_ = joined;
  return std::shared_ptr<const Bytes>(joined, &joined->plain);
}

absl::Status ContentStore::Prove(const StoredChunk& chunk) const {
  MREG_ASSIGN_OR_RETURN(const auto base, GetBases(chunk));
  return content::Verify(chunk, *base);
}

absl::StatusOr<std::optional<ContentStore::BaseChunks>> ContentStore::FindBaseChunks(
    std::span<const ChunkId> ids, onnx::DataType type) const {
  BaseChunks base{{}, type};
  const auto keys = KeysOf(ids);
  MREG_ASSIGN_OR_RETURN(const auto rows, index_.GetMany(Table::kChunks, keys));
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!rows[i]) return std::nullopt;
    MREG_ASSIGN_OR_RETURN(const ChunkPlace place, DecodePlace(*rows[i]));
    for (const ChunkId& id : place.bases.empty() ? std::vector{ids[i]} : place.bases) {
      base.ids.push_back(id);
    }
    Source source{type};
    if (place.encoding == Encoding::kComputed) {
      MREG_ASSIGN_OR_RETURN(const StoredChunk chunk, ReadAt(ids[i], place));
      MREG_ASSIGN_OR_RETURN(source, SourceOf(chunk));
    }
    if (i == 0) base.type = source.type, base.skip = source.skip;
    // All of the tensor's pieces come from the same matrix.
    if (i == 0 && source.is_transposed) {
      base.is_transposed = true;
      return base;
    }
    if (base.type != source.type || (i > 0 && (source.skip != 0 || source.is_transposed))) {
      return std::nullopt;
    }
  }
  return base;
}

absl::StatusOr<std::optional<Base>> ContentStore::FindBase(std::span<const ChunkId> ids,
                                                           onnx::DataType type,
                                                           const ElementRange& wanted) const {
  MREG_ASSIGN_OR_RETURN(const auto chunks, FindBaseChunks(ids, type));
  const uint64_t each = chunks ? encoding::CountElements(chunks->type, kTensorPiece) : 0;
  if (each == 0) return std::nullopt;
  const uint64_t begin = chunks->is_transposed ? 0 : chunks->skip + wanted.skip;
  const uint64_t end = chunks->is_transposed ? chunks->ids.size() * each : begin + wanted.count;
  Base base{{}, chunks->type, {}, static_cast<uint32_t>(begin % each), chunks->is_transposed};
  for (uint64_t i = begin / each; i < chunks->ids.size() && i * each < end; ++i) {
    base.ids.push_back(chunks->ids[i]);
  }
  if (base.ids.empty() || base.ids.size() > kMaxBases) return std::nullopt;
  MREG_ASSIGN_OR_RETURN(const auto places, Locate(base.ids));
  for (size_t i = 0; i + 1 < places.size(); ++i) {
    // Where a piece has another length the next one's elements are not where they should be.
    if (places[i].plain_length != kTensorPiece) return std::nullopt;
  }
  MREG_ASSIGN_OR_RETURN(const auto plain, Join(base.ids, &ContentStore::Get));
  base.plain = *plain;
  return base;
}

absl::StatusOr<std::optional<Recipe>> ContentStore::FindRecipe(const ArtifactId& artifact) const {
  MREG_ASSIGN_OR_RETURN(const auto row, index_.Get(Table::kRecipes, artifact.bytes()));
  if (!row) return std::nullopt;
  auto recipe = ParseRecipe(*row);
  if (!recipe.ok()) {
    return absl::DataLossError(fmt::format("the recipe of {} is damaged: {}", artifact.ToShortHex(),
                                           MessageOf(recipe.status())));
  }
  return *std::move(recipe);
}

std::unique_ptr<ChunkIngest> ContentStore::BeginIngest(IngestHook hook) {
  return std::make_unique<ChunkIngest>(index_, packs_, std::move(hook));
}

absl::StatusOr<PutResult> ContentStore::PutFile(const ReadableFile& file,
                                                const std::vector<ExternalRange>& external,
                                                std::span<const ArtifactId> alike,
                                                ChunkIngest& ingest,
                                                const std::function<void(uint64_t)>& progress) {
  PutResult result;
  MREG_ASSIGN_OR_RETURN(result.layout, PlanLayout(file, external));
  BaseFinder bases;
  for (const ArtifactId& artifact : alike) {
    MREG_ASSIGN_OR_RETURN(const auto recipe, FindRecipe(artifact));
    if (recipe) bases.Add(*recipe);
  }
  FilePutter putter(*this, file, bases, ingest, progress);
  MREG_ASSIGN_OR_RETURN(const Recipe recipe, putter.Run(result.layout));
  MREG_ASSIGN_OR_RETURN(const uint64_t size_now, file.Size());
  if (size_now != recipe.size) {
    return absl::AbortedError("the file grew while it was read");
  }
  ingest.AddRecipe(recipe, putter.Bases());
  result.artifact = recipe.artifact;
  result.size = recipe.size;
  result.new_bytes = putter.new_bytes();
  return result;
}

std::unique_ptr<ByteSource> ContentStore::OpenRange(Recipe recipe, uint64_t offset,
                                                    uint64_t length) const {
  return std::make_unique<ArtifactReader>(*this, std::move(recipe), offset, length,
                                          ChunkProof::kHash);
}

absl::Status ContentStore::CopyHashed(const Recipe& recipe, ByteSink& sink,
                                      const std::function<void(uint64_t)>& progress) const {
  // The file's hash proves all its chunks.
  ArtifactReader reader(*this, recipe, 0, recipe.size, ChunkProof::kNone);
  Sha256 hash;
  uint64_t done = 0;
  SinkThread writer(sink);
  while (true) {
    MREG_ASSIGN_OR_RETURN(const ByteView piece, reader.Next());
    if (piece.empty()) break;
    MREG_RETURN_IF_ERROR(writer.Write(piece, reader.current()));
    hash.Update(piece);
    done += piece.size();
    if (progress) progress(done);
  }
  MREG_RETURN_IF_ERROR(writer.Finish());
  if (hash.Finish() == recipe.artifact.bytes()) return absl::OkStatus();
  MREG_RETURN_IF_ERROR(FindDamage(recipe));
  return absl::FailedPreconditionError(
      fmt::format("the recipe of {} gives another file", recipe.artifact.ToShortHex()));
}

// DataLoss if it is a chunk that makes the file wrong, and not its recipe.
absl::Status ContentStore::FindDamage(const Recipe& recipe) const {
  for (const RecipeChunk& chunk : recipe.chunks) {
    MREG_RETURN_IF_ERROR(Get(chunk.id).status());
  }
  return absl::OkStatus();
}

absl::Status ContentStore::CopyVerified(const Recipe& recipe, ByteSink& sink,
                                        const std::function<void(uint64_t)>& progress) const {
  const absl::Status status = CopyHashed(recipe, sink, progress);
  const bool is_wrong = absl::IsFailedPrecondition(status);
  if (!recipe.is_proved && (status.ok() || is_wrong)) {
    kv::Batch batch;
    if (is_wrong) {
      batch.Remove(Table::kRecipes, recipe.artifact.bytes());
    } else {
      Recipe proved = recipe;
      proved.is_proved = true;
      StageRecipe(proved, batch);
    }
    MREG_RETURN_IF_ERROR(index_.Commit(batch));
  }
  return is_wrong ? absl::DataLossError(status.message()) : status;
}

absl::Status ContentStore::Verify(const Recipe& recipe) const {
  struct Nowhere final : ByteSink {
    absl::Status Write(ByteView) override { return absl::OkStatus(); }
  } nowhere;
  const absl::Status status = CopyHashed(recipe, nowhere, nullptr);
  return absl::IsFailedPrecondition(status) ? absl::DataLossError(status.message()) : status;
}

// Adds to `ingest` the chunks of a killed writer's file that verify: those with bases or the
// others. Returns how many.
absl::StatusOr<uint64_t> ContentStore::Replay(const ReadableFile& file, bool with_bases,
                                              ChunkIngest& ingest) const {
  uint64_t kept = 0;
  absl::Status failure;
  RecordParser parser([&](StoredChunk chunk) -> absl::Status {
    if (chunk.bases.empty() == with_bases) return absl::OkStatus();
    const auto known = index_.Get(Table::kChunks, chunk.id.bytes());
    if (!known.ok()) return failure = known.status();
    if (known->has_value()) return absl::OkStatus();
    const absl::Status proof = Prove(chunk);
    if (absl::IsNotFound(proof)) return absl::OkStatus();  // its base was lost with the writer
    MREG_RETURN_IF_ERROR(proof);
    ++kept;
    return failure = ingest.Add(chunk);
  });
  MREG_RETURN_IF_ERROR(ReplayUpload(file, parser));
  MREG_RETURN_IF_ERROR(failure);
  return kept;
}

absl::StatusOr<uint64_t> ContentStore::RecoverUploads(IngestHook hook) {
  uint64_t kept = 0;
  MREG_RETURN_IF_ERROR(packs_.RecoverUploads([&](const ReadableFile& file) -> absl::Status {
    const auto ingest = BeginIngest(hook);
    MREG_ASSIGN_OR_RETURN(const uint64_t bases, Replay(file, false, *ingest));
    MREG_RETURN_IF_ERROR(ingest->Flush());
    MREG_ASSIGN_OR_RETURN(const uint64_t others, Replay(file, true, *ingest));
    kept += bases + others;
    return ingest->Finish();
  }));
  return kept;
}

absl::StatusOr<StoreStats> ContentStore::Stats() const {
  StoreStats stats;
  MREG_RETURN_IF_ERROR(index_.Scan(Table::kChunks, "", "", [&](ByteView, ByteView row) {
    const auto place = DecodePlace(row);
    if (!place.ok()) return true;
    ++stats.chunks;
    stats.unique_bytes += place->plain_length;
    stats.stored_bytes += place->stored_length;
    return true;
  }));
  MREG_RETURN_IF_ERROR(index_.Scan(Table::kRecipes, "", "", [&](ByteView, ByteView row) {
    const auto recipe = ParseRecipe(row);
    if (!recipe.ok()) return true;
    ++stats.artifacts;
    stats.logical_bytes += recipe->size;
    return true;
  }));
  MREG_ASSIGN_OR_RETURN(const auto packs, packs_.List());
  for (const PackInfo& pack : packs) {
    ++stats.packs;
    stats.pack_bytes += pack.size;
  }
  return stats;
}

}  // namespace mreg::content
