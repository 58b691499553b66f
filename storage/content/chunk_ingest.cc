#include "storage/content/chunk_ingest.h"

#include <utility>

#include "schema/base/coding.h"
#include "schema/base/status.h"

namespace mreg::content {

using kv::Table;

Bytes EncodePlace(const ChunkPlace& place) {
  Bytes row(place.pack.bytes());
  AppendU32Le(row, place.offset);
  AppendU32Le(row, place.stored_length);
  AppendU32Le(row, place.plain_length);
  row.push_back(static_cast<char>(place.encoding));
  row.append(JoinIds(place.bases));
  return row;
}

absl::StatusOr<ChunkPlace> DecodePlace(ByteView row) {
  constexpr size_t kFixedBytes = PackId::kBytes + 13;
  if (row.size() < kFixedBytes) {
    return absl::DataLossError("the index holds a damaged chunk row");
  }
  const ByteView numbers = row.substr(PackId::kBytes);
  ChunkPlace place{*PackId::FromBytes(row.substr(0, PackId::kBytes)),
                   ReadU32Le(numbers),
                   ReadU32Le(numbers.substr(4)),
                   ReadU32Le(numbers.substr(8)),
                   static_cast<Encoding>(numbers[12]),
                   {}};
  MREG_ASSIGN_OR_RETURN(place.bases, SplitIds(row.substr(kFixedBytes)));
  return place;
}

void StagePack(std::span<const PackedChunk> chunks, kv::Batch& batch) {
  if (chunks.empty()) return;
  for (const auto& [id, place] : chunks) {
    batch.Put(Table::kChunks, id.bytes(), EncodePlace(place));
  }
  Bytes count;
  AppendU32Le(count, static_cast<uint32_t>(chunks.size()));
  batch.Put(Table::kPacks, chunks.front().place.pack.bytes(), count);
}

void StageRecipe(const Recipe& recipe, kv::Batch& batch) {
  batch.Put(Table::kRecipes, recipe.artifact.bytes(), SerializeRecipe(recipe));
}

ChunkIngest::ChunkIngest(kv::KeyValueStore& index, PackStore& packs, IngestHook hook)
    : index_(index), packs_(packs), hook_(std::move(hook)) {}

ChunkIngest::~ChunkIngest() { WaitForSeal().IgnoreError(); }

absl::Status ChunkIngest::Add(const StoredChunk& chunk) {
  if (!added_.insert(chunk.id).second) return absl::OkStatus();
  if (!writer_) {
    MREG_ASSIGN_OR_RETURN(writer_, PackWriter::Begin(packs_));
  }
  MREG_RETURN_IF_ERROR(writer_->Add(chunk));
  stored_bytes_ += chunk.payload.size();
  return writer_->size() >= kPackBytes ? SealInBackground() : absl::OkStatus();
}

void ChunkIngest::AddRecipe(const Recipe& recipe, std::span<const SketchedTensor> bases) {
  StageRecipe(recipe, recipes_);
  for (const SketchedTensor& base : bases) StageSketch(recipe, base, recipes_);
}

// One pack at a time is being brought to the disk while the next fills up: the disk is never
// idle, and no more than two packs are unsynced.
absl::Status ChunkIngest::SealInBackground() {
  MREG_RETURN_IF_ERROR(WaitForSeal());
  sealing_ = std::async(std::launch::async,
                        [this, writer = *std::exchange(writer_, {})]() mutable -> absl::Status {
                          MREG_ASSIGN_OR_RETURN(const auto chunks, writer.Seal());
                          kv::Batch batch;
                          StagePack(chunks, batch);
                          if (hook_) hook_(chunks, batch);
                          return index_.Commit(batch);
                        });
  return absl::OkStatus();
}

absl::Status ChunkIngest::WaitForSeal() {
  return sealing_.valid() ? sealing_.get() : absl::OkStatus();
}

absl::Status ChunkIngest::Flush() {
  if (writer_) MREG_RETURN_IF_ERROR(SealInBackground());
  MREG_RETURN_IF_ERROR(WaitForSeal());
  if (recipes_.writes().empty()) return absl::OkStatus();
  return index_.Commit(std::exchange(recipes_, {}));
}

}  // namespace mreg::content
