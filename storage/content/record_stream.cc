#include "storage/content/record_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "schema/base/coding.h"
#include "schema/base/status.h"

namespace mreg::content {
namespace {

constexpr ByteView kMagic = "MREGPACK";
constexpr char kChunkRecord = 'C';
constexpr char kEndRecord = 'E';

Bytes Header(char kind, Encoding encoding, size_t bases, size_t stored, uint32_t plain,
             ByteView id) {
  Bytes header;
  header.reserve(kRecordHeaderBytes);
  header.push_back(kind);
  header.push_back(static_cast<char>(encoding));
  AppendU16Le(header, static_cast<uint16_t>(bases));
  AppendU32Le(header, static_cast<uint32_t>(stored));
  AppendU32Le(header, plain);
  AppendU32Le(header, 0);
  header.append(id);
  return header;
}

}  // namespace

Bytes StreamHeader() {
  Bytes header(kMagic);
  AppendU32Le(header, kStreamVersion);
  AppendU32Le(header, 0);
  return header;
}

Bytes RecordHeader(const StoredChunk& chunk) {
  Bytes header = Header(kChunkRecord, chunk.encoding, chunk.bases.size(), chunk.payload.size(),
                        chunk.plain_length, chunk.id.bytes());
  return header += JoinIds(chunk.bases);
}

Bytes EndRecord() { return Header(kEndRecord, Encoding::kRaw, 0, 0, 0, ChunkId().bytes()); }

RecordParser::RecordParser(OnChunk on_chunk) : on_chunk_(std::move(on_chunk)) {}

absl::Status RecordParser::Feed(ByteView data) {
  while (!data.empty()) {
    if (state_ == State::kEnd) {
      return absl::InvalidArgumentError("there is data behind the end of the chunk stream");
    }
    const size_t take = std::min(wanted_ - pending_.size(), data.size());
    pending_.append(data.substr(0, take));
    data.remove_prefix(take);
    while (state_ != State::kEnd && pending_.size() == wanted_) {
      switch (state_) {
        case State::kStreamHeader:
          MREG_RETURN_IF_ERROR(TakeStreamHeader());
          break;
        case State::kRecordHeader:
          MREG_RETURN_IF_ERROR(TakeRecordHeader());
          break;
        case State::kBases:
          MREG_RETURN_IF_ERROR(TakeBases());
          break;
        case State::kPayload:
          MREG_RETURN_IF_ERROR(TakePayload());
          break;
        case State::kEnd:
          break;
      }
    }
  }
  return absl::OkStatus();
}

absl::Status RecordParser::TakeStreamHeader() {
  const ByteView header = pending_;
  if (!header.starts_with(kMagic)) return absl::InvalidArgumentError("not a chunk stream");
  const uint32_t version = ReadU32Le(header.substr(kMagic.size()));
  if (version != kStreamVersion) {
    return absl::InvalidArgumentError(
        fmt::format("chunk stream of version {}; this mreg knows {}", version, kStreamVersion));
  }
  pending_.clear();
  wanted_ = kRecordHeaderBytes;
  state_ = State::kRecordHeader;
  return absl::OkStatus();
}

absl::Status RecordParser::TakeRecordHeader() {
  const ByteView header = pending_;
  const char kind = header[0];
  stored_ = ReadU32Le(header.substr(4));
  if (kind == kEndRecord) {
    pending_.clear();
    state_ = State::kEnd;
    return absl::OkStatus();
  }
  if (kind != kChunkRecord) {
    return absl::InvalidArgumentError(
        fmt::format("a chunk stream holds a record of unknown kind {}", int{kind}));
  }
  chunk_.encoding = static_cast<Encoding>(header[1]);
  chunk_.plain_length = ReadU32Le(header.substr(8));
  MREG_ASSIGN_OR_RETURN(chunk_.id, ChunkId::FromBytes(header.substr(16)));
  if (chunk_.plain_length > kMaxChunkBytes || stored_ > kMaxChunkBytes) {
    return absl::InvalidArgumentError(
        fmt::format("chunk {} is larger than any chunk may be", chunk_.id.ToShortHex()));
  }
  const size_t bases = ReadU16Le(header.substr(2));
  if (bases > kMaxBases) {
    return absl::InvalidArgumentError(
        fmt::format("chunk {} has too many bases", chunk_.id.ToShortHex()));
  }
  pending_.clear();
  wanted_ = bases * ChunkId::kBytes;
  state_ = State::kBases;
  return absl::OkStatus();
}

absl::Status RecordParser::TakeBases() {
  MREG_ASSIGN_OR_RETURN(chunk_.bases, SplitIds(pending_));
  pending_.clear();
  pending_.reserve(stored_);
  wanted_ = stored_;
  state_ = State::kPayload;
  return absl::OkStatus();
}

absl::Status RecordParser::TakePayload() {
  chunk_.payload = std::exchange(pending_, {});
  wanted_ = kRecordHeaderBytes;
  state_ = State::kRecordHeader;
  return on_chunk_(std::exchange(chunk_, {}));
}

}  // namespace mreg::content
