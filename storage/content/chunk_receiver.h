// Takes a record stream from somewhere that is not trusted: every chunk is proved before it is
// kept.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "storage/content/arrival_hasher.h"
#include "storage/content/content_store.h"
#include "storage/content/record_stream.h"
#include "storage/content/similar_tensors.h"

namespace mreg::content {

// Called for each chunk that was proved, whether it is new to the store or not.
using OnProved = std::function<absl::Status(const ChunkId& id)>;

// Bounded memory: some 32 MiB in flight. Not thread-safe. What has come when the receiver is
// destroyed without Finish is kept, so that a sender whose connection broke need not send it
// again.
class ChunkReceiver final : public ByteSink {
 public:
  // `store` outlives it. `on_proved` may be empty. `may_use`: whether the sender may. `files` may
  // be null.
  ChunkReceiver(ContentStore& store, IngestHook hook, OnProved on_proved, MayUse may_use = nullptr,
                std::unique_ptr<ArrivalHasher> files = nullptr);
  // For files that are put together while they arrive, by what outlives it.
  ChunkReceiver(ContentStore& store, ArrivalHasher& files);
  ~ChunkReceiver() override;

  // From now on these are kept where they come, also if the store has them: its own are damaged.
  void Replace(absl::flat_hash_set<ChunkId> damaged) { damaged_ = std::move(damaged); }

  // InvalidArgument for what is no record stream, DataLoss for a chunk that does not hash to its
  // id: its predecessors are kept. NotFound for one whose base is not here (a base in the same
  // stream has to come first), FailedPrecondition for a base that needs bases itself.
  absl::Status Write(ByteView data) override;

  // Everything that came is durable on return. DataLoss if the stream was cut (what came is kept).
  absl::Status Finish();

  uint64_t chunk_count() const { return chunk_count_; }

 private:
  struct Proving {
    std::shared_ptr<const StoredChunk> chunk;
    size_t bytes;  // that it holds, and those needed to prove it
    std::future<absl::Status> result;
  };

  absl::Status Prove(StoredChunk chunk);
  std::future<absl::Status> ProveAlone(std::shared_ptr<const StoredChunk> chunk);
  std::future<absl::Status> ProveWithFiles(std::shared_ptr<const StoredChunk> chunk);
  absl::Status RequireBases(const StoredChunk& chunk);
  absl::Status MakeBasesUsable(const StoredChunk& chunk);
  absl::Status TakeOldest();
  absl::Status Drain();

  ContentStore& store_;
  const OnProved on_proved_;
  const MayUse may_use_;
  const std::unique_ptr<ArrivalHasher> own_files_;
  ArrivalHasher* const files_;
  const std::unique_ptr<ChunkIngest> ingest_;
  RecordParser parser_;
  std::optional<ThreadPool> hasher_;        // one thread: files are hashed in order
  absl::flat_hash_set<ChunkId> damaged_;    // and not received yet
  absl::flat_hash_set<ChunkId> unflushed_;  // received in their place, and not in the index yet
  // That came in a form without bases, while the store has them as differences.
  absl::flat_hash_set<ChunkId> came_whole_;
  std::deque<Proving> proving_;
  uint64_t proving_bytes_ = 0;
  uint64_t chunk_count_ = 0;
  bool finished_ = false;
};

// The other side: a record stream, read as it is sent. Chunks go as they are stored; one whose
// bases neither go before it nor are with the receiver goes in a form that needs none.
class ChunkSender final : public ByteSource {
 public:
  // `known_bases`: what the receiver has. NotFound, naming the first, if one of `ids` is absent.
  // `store` outlives the result.
  static absl::StatusOr<std::unique_ptr<ChunkSender>> Open(const ContentStore& store,
                                                           std::vector<ChunkId> ids,
                                                           std::span<const ChunkId> known_bases);
  ~ChunkSender() override;

  // Of the whole stream, bytes; nothing if chunks have to be encoded anew.
  std::optional<uint64_t> length() const;
  // The same, or more than it will be.
  uint64_t most() const { return most_; }
  absl::StatusOr<size_t> Read(std::span<char> buffer) override;

 private:
  struct Item {
    ChunkId id;
    ChunkPlace place;
    bool anew = false;  // in a form without bases
  };
  ChunkSender(const ContentStore& store, std::vector<Item> items);
  absl::Status NextRecord();
  absl::StatusOr<StoredChunk> Take(const Item& item) const;
  void TakeAhead();

  const ContentStore& store_;
  const std::vector<Item> items_;
  uint64_t most_ = 0;
  size_t next_ = 0;
  size_t next_ahead_ = 0;
  std::deque<std::future<absl::StatusOr<StoredChunk>>> ahead_;
  bool is_exact_ = true;
  bool ended_ = false;
  Bytes header_;        // stream header, record header or end record
  StoredChunk record_;  // whose payload follows header_
  ByteView rest_of_header_;
  ByteView rest_of_payload_;
};

}  // namespace mreg::content
