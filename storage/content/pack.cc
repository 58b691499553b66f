#include "storage/content/pack.h"

#include <fmt/format.h>

#include "mreg/v1/pack.pb.h"
#include "schema/base/coding.h"
#include "schema/base/random.h"
#include "schema/base/sha256.h"
#include "schema/base/status.h"
#include "storage/content/record_stream.h"

namespace mreg::content {
namespace {

constexpr ByteView kTrailerMagic = "MREGFOOT";
constexpr size_t kTrailerBytes = 8 + PackId::kBytes + 8;  // footer length, pack id, magic
constexpr uint64_t kWritebackStep = 8 << 20;
// A pack of the smallest chunks has a footer of some 40 MB at most.
constexpr uint64_t kMaxFooterBytes = 64 << 20;

PackId IdOfFooter(ByteView footer) {
  return *PackId::FromBytes(ByteView(Sha256Of(footer)).substr(0, PackId::kBytes));
}

Bytes FormatFooter(const std::vector<PackedChunk>& chunks) {
  v1::PackFooter footer;
  for (const auto& [id, place] : chunks) {
    footer.mutable_chunk_ids()->append(id.bytes());
    footer.add_stored_lengths(place.stored_length);
    footer.add_plain_lengths(place.plain_length);
    footer.add_encodings(static_cast<uint32_t>(place.encoding));
    footer.add_base_counts(static_cast<uint32_t>(place.bases.size()));
    footer.mutable_base_ids()->append(JoinIds(place.bases));
  }
  // A pack that was collected must not come back under its id while its file is being removed.
  footer.set_nonce(SecureRandomBytes(PackId::kBytes));
  return footer.SerializeAsString();
}

absl::Status Damaged(const PackId& pack, std::string_view what) {
  return absl::DataLossError(fmt::format("pack {} is damaged: {}", pack.ToHex(), what));
}

absl::StatusOr<std::vector<PackedChunk>> ParseFooter(const PackInfo& info, ByteView bytes,
                                                     uint64_t records_end) {
  v1::PackFooter footer;
  if (!footer.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Damaged(info.id, "its footer cannot be read");
  }
  const size_t count = static_cast<size_t>(footer.stored_lengths_size());
  if (footer.chunk_ids().size() != count * ChunkId::kBytes ||
      footer.plain_lengths_size() != footer.stored_lengths_size() ||
      footer.encodings_size() != footer.stored_lengths_size() ||
      footer.base_counts_size() != footer.stored_lengths_size()) {
    return Damaged(info.id, "its footer's columns differ in length");
  }
  std::vector<PackedChunk> chunks(count);
  uint64_t offset = kStreamHeaderBytes;
  ByteView base_ids = footer.base_ids();
  for (size_t i = 0; i < count; ++i) {
    const int row = static_cast<int>(i);
    const ByteView id = ByteView(footer.chunk_ids()).substr(i * ChunkId::kBytes, ChunkId::kBytes);
    chunks[i].id = *ChunkId::FromBytes(id);
    const size_t bases = footer.base_counts(row);
    if (bases > kMaxBases || base_ids.size() < bases * ChunkId::kBytes) {
      return Damaged(info.id, "its footer's bases make no sense");
    }
    if (footer.stored_lengths(row) > kMaxChunkBytes || footer.plain_lengths(row) > kMaxChunkBytes) {
      return Damaged(info.id, "its footer lists a chunk larger than any may be");
    }
    offset += kRecordHeaderBytes + bases * ChunkId::kBytes;
    chunks[i].place = {info.id,
                       static_cast<uint32_t>(offset),
                       footer.stored_lengths(row),
                       footer.plain_lengths(row),
                       static_cast<Encoding>(footer.encodings(row)),
                       *SplitIds(base_ids.substr(0, bases * ChunkId::kBytes))};
    base_ids.remove_prefix(bases * ChunkId::kBytes);
    offset += footer.stored_lengths(row);
    if (offset > records_end || offset > UINT32_MAX) {
      return Damaged(info.id, "its footer lists more than it holds");
    }
  }
  return chunks;
}

}  // namespace

absl::StatusOr<PackWriter> PackWriter::Begin(PackStore& store) {
  MREG_ASSIGN_OR_RETURN(auto upload, store.Begin());
  PackWriter writer(std::move(upload));
  MREG_RETURN_IF_ERROR(writer.Write(StreamHeader()));
  return writer;
}

absl::Status PackWriter::Write(ByteView data) {
  MREG_RETURN_IF_ERROR(failure_);
  MREG_RETURN_IF_ERROR(failure_ = upload_->Write(data));
  size_ += data.size();
  if (size_ - writeback_from_ >= kWritebackStep) {
    upload_->StartWriteback();
    writeback_from_ = size_;
  }
  return absl::OkStatus();
}

absl::Status PackWriter::Add(const StoredChunk& chunk) {
  MREG_RETURN_IF_ERROR(Write(RecordHeader(chunk)));
  chunks_.push_back(
      {chunk.id,
       {PackId(), static_cast<uint32_t>(size_), static_cast<uint32_t>(chunk.payload.size()),
        chunk.plain_length, chunk.encoding, chunk.bases}});
  return Write(chunk.payload);
}

absl::StatusOr<std::vector<PackedChunk>> PackWriter::Seal() {
  const Bytes footer = FormatFooter(chunks_);
  const PackId id = IdOfFooter(footer);
  Bytes tail = EndRecord() + footer;
  AppendU64Le(tail, footer.size());
  tail.append(id.bytes()).append(kTrailerMagic);
  MREG_RETURN_IF_ERROR(Write(tail));
  MREG_RETURN_IF_ERROR(upload_->Publish(id));
  for (auto& chunk : chunks_) chunk.place.pack = id;
  return std::move(chunks_);
}

absl::StatusOr<std::vector<PackedChunk>> ReadPackFooter(const PackStore& store,
                                                        const PackInfo& info) {
  if (info.size < kStreamHeaderBytes + kTrailerBytes) return Damaged(info.id, "it is too short");
  Bytes trailer(kTrailerBytes, '\0');
  MREG_RETURN_IF_ERROR(store.ReadAt(info.id, info.size - kTrailerBytes, trailer));
  if (!trailer.ends_with(kTrailerMagic)) return Damaged(info.id, "it has no trailer");
  if (ByteView(trailer).substr(8, PackId::kBytes) != info.id.bytes()) {
    return Damaged(info.id, "its trailer names another pack");
  }
  const uint64_t length = ReadU64Le(trailer);
  if (length > kMaxFooterBytes || length > info.size - kTrailerBytes - kStreamHeaderBytes) {
    return Damaged(info.id, "its footer cannot have that length");
  }
  Bytes footer(length, '\0');
  const uint64_t footer_at = info.size - kTrailerBytes - length;
  if (length > 0) MREG_RETURN_IF_ERROR(store.ReadAt(info.id, footer_at, footer));
  if (IdOfFooter(footer) != info.id) return Damaged(info.id, "its footer has another hash");
  return ParseFooter(info, footer, footer_at);
}

absl::StatusOr<StoredChunk> ReadRecord(const PackStore& store, const ChunkId& id,
                                       const ChunkPlace& place) {
  StoredChunk chunk{id, place.encoding, place.plain_length, place.bases,
                    Bytes(place.stored_length, '\0')};
  MREG_RETURN_IF_ERROR(store.ReadAt(place.pack, place.offset, chunk.payload));
  return chunk;
}

}  // namespace mreg::content
