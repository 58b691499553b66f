// Takes a record stream from somewhere that is not trusted: every chunk is proved before it is
// kept.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "storage/content/content_store.h"
#include "storage/content/record_stream.h"

namespace mreg::content {

// Called for each chunk that was proved, whether it is new to the store or not.
using OnProved = std::function<absl::Status(const ChunkId& id)>;

// Bounded memory: some 32 MiB in flight. Not thread-safe. What has come when the receiver is
// destroyed without Finish is kept, so that a sender whose connection broke need not send it
// again.
class ChunkReceiver final : public ByteSink {
 public:
  // `store` outlives it. `on_proved` may be empty.
  ChunkReceiver(ContentStore& store, IngestHook hook, OnProved on_proved);
  ~ChunkReceiver() override;

  // InvalidArgument for what is no record stream, DataLoss for a chunk that does not hash to its
  // id: its predecessors are kept.
  absl::Status Write(ByteView data) override;

  // Everything that came is durable on return. DataLoss if the stream was cut (what came is kept).
  absl::Status Finish();

  uint64_t chunk_count() const { return chunk_count_; }

 private:
  struct Proving {
    std::shared_ptr<const StoredChunk> chunk;
    std::future<absl::Status> result;
  };

  absl::Status Prove(StoredChunk chunk);
  absl::Status TakeOldest();
  absl::Status Drain();

  ContentStore& store_;
  const OnProved on_proved_;
  const std::unique_ptr<ChunkIngest> ingest_;
  RecordParser parser_;
  std::deque<Proving> proving_;
  uint64_t proving_bytes_ = 0;
  uint64_t chunk_count_ = 0;
  bool finished_ = false;
};

// The other side: the record stream of `ids` as they are stored, read as it is sent.
class ChunkSender final : public ByteSource {
 public:
  // NotFound, naming the first, if one is absent. `store` outlives the result.
  static absl::StatusOr<std::unique_ptr<ChunkSender>> Open(const ContentStore& store,
                                                           std::vector<ChunkId> ids);

  uint64_t length() const { return length_; }  // of the whole stream, bytes
  absl::StatusOr<size_t> Read(std::span<char> buffer) override;

 private:
  ChunkSender(const ContentStore& store, std::vector<ChunkId> ids, std::vector<ChunkPlace> places);
  absl::Status NextRecord();

  const ContentStore& store_;
  const std::vector<ChunkId> ids_;
  const std::vector<ChunkPlace> places_;
  uint64_t length_ = 0;
  size_t next_ = 0;
  bool ended_ = false;
  Bytes header_;        // stream header, record header or end record
  StoredChunk record_;  // whose payload follows header_
  ByteView rest_of_header_;
  ByteView rest_of_payload_;
};

}  // namespace mreg::content
