// Writes new chunks into packs and enters them into the index.
#pragma once

#include <functional>
#include <future>
#include <optional>
#include <span>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "storage/content/pack.h"
#include "storage/content/recipe.h"
#include "storage/content/similar_tensors.h"
#include "storage/kv/key_value_store.h"

namespace mreg::content {

// Adds to the batch that enters a pack's chunks into the index.
using IngestHook = std::function<void(std::span<const PackedChunk> chunks, kv::Batch& batch)>;

// One writing session. Packs are sealed, synced and indexed one by one while the next is being
// written: what was indexed stays, also if the session is never finished. Not thread-safe.
class ChunkIngest {
 public:
  ChunkIngest(kv::KeyValueStore& index, PackStore& packs, IngestHook hook);
  ~ChunkIngest();

  // Takes a chunk that is proved to be what its id says. One that this session has already is
  // left out.
  absl::Status Add(const StoredChunk& chunk);

  bool Has(const ChunkId& id) const { return added_.contains(id); }

  // Enters the file into the index with the next Flush, when all its chunks are durable, and those
  // of its tensors that others may be differences to.
  void AddRecipe(const Recipe& recipe, std::span<const SketchedTensor> bases = {});

  // Every chunk and file added so far is durable and indexed on return.
  absl::Status Flush();

  // The same. The session is over.
  absl::Status Finish() { return Flush(); }

  uint64_t stored_bytes() const { return stored_bytes_; }  // of payload written
  uint64_t chunk_count() const { return added_.size(); }

 private:
  absl::Status SealInBackground();
  absl::Status WaitForSeal();

  kv::KeyValueStore& index_;
  PackStore& packs_;
  const IngestHook hook_;
  std::optional<PackWriter> writer_;
  std::future<absl::Status> sealing_;
  kv::Batch recipes_;
  absl::flat_hash_set<ChunkId> added_;
  uint64_t stored_bytes_ = 0;
};

// Rows of the tables kChunks, kPacks and kRecipes: docs/formats/index.md.
Bytes EncodePlace(const ChunkPlace& place);
absl::StatusOr<ChunkPlace> DecodePlace(ByteView row);
void StagePack(std::span<const PackedChunk> chunks, kv::Batch& batch);
void StageRecipe(const Recipe& recipe, kv::Batch& batch);

}  // namespace mreg::content
