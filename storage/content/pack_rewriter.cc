#include "storage/content/pack_rewriter.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "schema/base/status.h"

namespace mreg::content {
namespace {

using kv::Table;

absl::StatusOr<std::vector<std::optional<Bytes>>> RowsOf(const kv::KeyValueStore& index,
                                                         const std::vector<PackedChunk>& chunks) {
  std::vector<ByteView> keys;
  keys.reserve(chunks.size());
  for (const PackedChunk& chunk : chunks) keys.push_back(chunk.id.bytes());
  return index.GetMany(Table::kChunks, keys);
}

}  // namespace

absl::StatusOr<std::vector<PackedChunk>> ChunksNamedIn(const ContentStore& store,
                                                       const PackInfo& info) {
  MREG_ASSIGN_OR_RETURN(const auto listed, ReadPackFooter(store.packs(), info));
  MREG_ASSIGN_OR_RETURN(const auto rows, RowsOf(store.index(), listed));
  std::vector<PackedChunk> named;
  for (size_t i = 0; i < listed.size(); ++i) {
    if (!rows[i]) continue;
    MREG_ASSIGN_OR_RETURN(const ChunkPlace place, DecodePlace(*rows[i]));
    if (place.pack == info.id) named.push_back({listed[i].id, place});
  }
  return named;
}

absl::Status DropChanged(const kv::KeyValueStore& index, std::vector<PackedChunk>& chunks) {
  MREG_ASSIGN_OR_RETURN(const auto rows, RowsOf(index, chunks));
  std::vector<PackedChunk> unchanged;
  for (size_t i = 0; i < chunks.size(); ++i) {
    if (rows[i] == EncodePlace(chunks[i].place)) unchanged.push_back(chunks[i]);
  }
  chunks = std::move(unchanged);
  return absl::OkStatus();
}

absl::Status PackRewriter::Add(const PackInfo& info) {
  MREG_ASSIGN_OR_RETURN(const auto chunks, ChunksNamedIn(store_, info));
  for (const PackedChunk& chunk : chunks) MREG_RETURN_IF_ERROR(Copy(chunk));
  return absl::OkStatus();
}

absl::Status PackRewriter::Copy(const PackedChunk& chunk) {
  MREG_ASSIGN_OR_RETURN(const StoredChunk stored,
                        ReadRecord(store_.packs(), chunk.id, chunk.place));
  MREG_RETURN_IF_ERROR(store_.Prove(stored));
  if (!writer_) {
    MREG_ASSIGN_OR_RETURN(writer_, PackWriter::Begin(store_.packs()));
  }
  MREG_RETURN_IF_ERROR(writer_->Add(stored));
  originals_.push_back(chunk);
  return writer_->size() >= kPackBytes ? Finish() : absl::OkStatus();
}

absl::Status PackRewriter::Finish() {
  if (!writer_) return absl::OkStatus();
  PackWriter writer = *std::exchange(writer_, {});
  MREG_ASSIGN_OR_RETURN(const auto copies, writer.Seal());
  MREG_RETURN_IF_ERROR(Switch(copies));
  copied_bytes_ += writer.size();
  return absl::OkStatus();
}

absl::Status PackRewriter::Switch(const std::vector<PackedChunk>& copies) {
  absl::flat_hash_map<ChunkId, ChunkPlace> places;
  for (const PackedChunk& copy : copies) places.emplace(copy.id, copy.place);
  auto originals = std::exchange(originals_, {});
  while (true) {
    kv::Batch batch;
    std::vector<PackedChunk> moved;
    for (const PackedChunk& original : originals) {
      batch.Expect(Table::kChunks, original.id.bytes(), EncodePlace(original.place));
      moved.push_back({original.id, places.at(original.id)});
    }
    StagePack(moved, batch);
    const absl::Status status = store_.index().Commit(batch);
    if (!absl::IsAborted(status)) return status;
    MREG_RETURN_IF_ERROR(DropChanged(store_.index(), originals));
  }
}

}  // namespace mreg::content
