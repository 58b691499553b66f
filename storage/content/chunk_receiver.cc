#include "storage/content/chunk_receiver.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "schema/base/status.h"
#include "storage/content/run_on.h"

namespace mreg::content {
namespace {

constexpr uint64_t kProvingBytes = 24 << 20;

}  // namespace

ChunkReceiver::ChunkReceiver(ContentStore& store, IngestHook hook, OnProved on_proved)
    : store_(store),
      on_proved_(std::move(on_proved)),
      ingest_(store.BeginIngest(std::move(hook))),
      parser_([this](StoredChunk chunk) { return Prove(std::move(chunk)); }) {}

ChunkReceiver::~ChunkReceiver() {
  if (!finished_ && Drain().ok()) ingest_->Finish().IgnoreError();
  for (Proving& proving : proving_) proving.result.wait();
}

absl::Status ChunkReceiver::Write(ByteView data) { return parser_.Feed(data); }

absl::Status ChunkReceiver::Prove(StoredChunk chunk) {
  const size_t bytes = chunk.payload.size() + chunk.plain_length;
  while (!proving_.empty() && proving_bytes_ + bytes > kProvingBytes) {
    MREG_RETURN_IF_ERROR(TakeOldest());
  }
  auto shared = std::make_shared<const StoredChunk>(std::move(chunk));
  auto result = RunOn(store_.pool(), [shared] { return content::Verify(*shared); });
  proving_.push_back({std::move(shared), std::move(result)});
  proving_bytes_ += bytes;
  return absl::OkStatus();
}

absl::Status ChunkReceiver::TakeOldest() {
  Proving oldest = std::move(proving_.front());
  proving_.pop_front();
  proving_bytes_ -= oldest.chunk->payload.size() + oldest.chunk->plain_length;
  MREG_RETURN_IF_ERROR(oldest.result.get());
  ++chunk_count_;
  MREG_ASSIGN_OR_RETURN(const auto known,
                        store_.index().Get(kv::Table::kChunks, oldest.chunk->id.bytes()));
  if (!known) MREG_RETURN_IF_ERROR(ingest_->Add(*oldest.chunk));
  return on_proved_ ? on_proved_(oldest.chunk->id) : absl::OkStatus();
}

absl::Status ChunkReceiver::Drain() {
  while (!proving_.empty()) MREG_RETURN_IF_ERROR(TakeOldest());
  return absl::OkStatus();
}

absl::Status ChunkReceiver::Finish() {
  finished_ = true;
  MREG_RETURN_IF_ERROR(Drain());
  MREG_RETURN_IF_ERROR(ingest_->Finish());
  if (parser_.at_end()) return absl::OkStatus();
  return absl::DataLossError("the chunk stream was cut; what came of it is kept");
}

absl::StatusOr<std::unique_ptr<ChunkSender>> ChunkSender::Open(const ContentStore& store,
                                                               std::vector<ChunkId> ids) {
  MREG_ASSIGN_OR_RETURN(auto places, store.Locate(ids));
  return std::unique_ptr<ChunkSender>(new ChunkSender(store, std::move(ids), std::move(places)));
}

ChunkSender::ChunkSender(const ContentStore& store, std::vector<ChunkId> ids,
                         std::vector<ChunkPlace> places)
    : store_(store), ids_(std::move(ids)), places_(std::move(places)), header_(StreamHeader()) {
  length_ = kStreamHeaderBytes + kRecordHeaderBytes;
  for (const ChunkPlace& place : places_) length_ += kRecordHeaderBytes + place.stored_length;
  rest_of_header_ = header_;
}

absl::Status ChunkSender::NextRecord() {
  if (next_ == ids_.size()) {
    header_ = EndRecord();
    ended_ = true;
  } else {
    MREG_ASSIGN_OR_RETURN(record_, store_.ReadAt(ids_[next_], places_[next_]));
    ++next_;
    header_ = RecordHeader(record_);
    rest_of_payload_ = record_.payload;
  }
  rest_of_header_ = header_;
  return absl::OkStatus();
}

absl::StatusOr<size_t> ChunkSender::Read(std::span<char> buffer) {
  size_t filled = 0;
  while (filled < buffer.size()) {
    if (rest_of_header_.empty() && rest_of_payload_.empty()) {
      if (ended_) break;
      MREG_RETURN_IF_ERROR(NextRecord());
    }
    ByteView& rest = rest_of_header_.empty() ? rest_of_payload_ : rest_of_header_;
    const size_t take = std::min(rest.size(), buffer.size() - filled);
    std::memcpy(buffer.data() + filled, rest.data(), take);
    rest.remove_prefix(take);
    filled += take;
  }
  return filled;
}

}  // namespace mreg::content
