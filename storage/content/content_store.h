// Files, stored as chunks that are kept once however many files hold them.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/byte_stream.h"
#include "schema/base/ids.h"
#include "schema/base/thread_pool.h"
#include "storage/content/chunk_ingest.h"
#include "storage/content/segmenter.h"

namespace mreg::content {

struct PutResult {
  ArtifactId artifact;
  uint64_t size = 0;       // bytes of the file
  uint64_t new_bytes = 0;  // plain bytes of chunks that were not in the store before
  Layout layout;
};

struct StoreStats {
  uint64_t artifacts = 0;
  uint64_t logical_bytes = 0;  // of all artifacts
  uint64_t chunks = 0;
  uint64_t unique_bytes = 0;  // plain bytes of all chunks
  uint64_t stored_bytes = 0;  // payload of all chunks as encoded
  uint64_t packs = 0;
  uint64_t pack_bytes = 0;  // of the pack files
};

// `count` elements behind the first `skip`.
struct ElementRange {
  uint64_t skip = 0;
  uint64_t count = std::numeric_limits<uint32_t>::max();
};

// Thread-safe.
class ContentStore {
 public:
  // `index` (tables kChunks, kPacks, kRecipes, kSketches, kOptimized) and `packs` outlive the
  // store.
  ContentStore(kv::KeyValueStore& index, PackStore& packs);

  // Those of `ids` that are absent, in order. One index lookup for the whole batch.
  absl::StatusOr<std::vector<ChunkId>> Missing(std::span<const ChunkId> ids) const;

  // The plain bytes of `id`. NotFound if absent; DataLoss if the stored bytes no longer hash to
  // `id` (nothing is returned then).
  absl::StatusOr<Bytes> Get(const ChunkId& id) const;
  // The same without looking at the hash, for who proves more than the chunk.
  absl::StatusOr<Bytes> GetUnverified(const ChunkId& id) const;

  // The plain bytes of the chunks that `chunk` needs to be decoded, one behind the other, each
  // proved. NotFound if one is absent; FailedPrecondition if one needs others itself.
  absl::StatusOr<std::shared_ptr<const Bytes>> GetBases(const StoredChunk& chunk) const;

  // Whether a chunk that comes from elsewhere is what its id says. Errors as in GetBases, and
  // DataLoss if it is not.
  absl::Status Prove(const StoredChunk& chunk) const;

  // What can be a base in place of `ids`, pieces of a tensor with elements of `type`: each of them,
  // or where that is a difference itself, what it is a difference to, or where it is computed, what
  // from (then the base may have another type, or be transposed). Of that the chunks that hold the
  // `wanted` elements, or all if it is transposed. Nothing if one of `ids` is not in the store.
  absl::StatusOr<std::optional<Base>> FindBase(std::span<const ChunkId> ids, onnx::DataType type,
                                               const ElementRange& wanted = {}) const;

  // The chunks that those of `ids` that are here need, each once.
  absl::StatusOr<std::vector<ChunkId>> BasesOf(std::span<const ChunkId> ids) const;
  // Those of `ids` that are here and can be bases: that need no others.
  absl::StatusOr<std::vector<ChunkId>> UsableBases(std::span<const ChunkId> ids) const;

  // As stored: for sending on. Its receiver verifies it.
  absl::StatusOr<StoredChunk> GetStored(const ChunkId& id) const;

  // Where each of `ids` lies; NotFound, naming the first that is absent.
  absl::StatusOr<std::vector<ChunkPlace>> Locate(std::span<const ChunkId> ids) const;
  // The chunk at `place`, or where it was moved to since `place` was looked up, as stored.
  absl::StatusOr<StoredChunk> ReadAt(const ChunkId& id, const ChunkPlace& place) const;

  absl::StatusOr<std::optional<Recipe>> FindRecipe(const ArtifactId& artifact) const;

  // Begins to write. `hook` may be empty.
  std::unique_ptr<ChunkIngest> BeginIngest(IngestHook hook);

  // Reads `file`, adds its new chunks and its recipe to `ingest`; durable when that is finished.
  // Chunks of tensors that are like some of the store are stored as differences to them. Those are
  // found by their values, or else by name and shape in `alike`, the first before the others; files
  // that are not here are passed over.
  // Memory: some 64 MiB, whatever the file's size. Aborted if the file changes meanwhile.
  // `progress` is called with bytes done.
  absl::StatusOr<PutResult> PutFile(const ReadableFile& file,
                                    const std::vector<ExternalRange>& external,
                                    std::span<const ArtifactId> alike, ChunkIngest& ingest,
                                    const std::function<void(uint64_t)>& progress);

  // `length` bytes of the file from `offset` (clipped to the file). Chunks are decoded ahead and
  // in parallel, each verified: the source fails with DataLoss rather than give a wrong byte.
  std::unique_ptr<ByteSource> OpenRange(Recipe recipe, uint64_t offset, uint64_t length) const;

  // Writes the whole file to `sink` and proves that it hashes to `recipe.artifact`: DataLoss if
  // not, and what was written is worth nothing then; InvalidArgument never. NotFound if a chunk is
  // absent. A recipe that was not proved yet is from now on, or else forgotten.
  absl::Status CopyVerified(const Recipe& recipe, ByteSink& sink,
                            const std::function<void(uint64_t)>& progress) const;
  // The same without writing, to the index neither.
  absl::Status Verify(const Recipe& recipe) const;

  // Takes over what killed writers left behind: every whole chunk that verifies is kept. Returns
  // how many.
  absl::StatusOr<uint64_t> RecoverUploads(IngestHook hook);

  absl::StatusOr<StoreStats> Stats() const;

  ThreadPool& pool() const { return *pool_; }
  kv::KeyValueStore& index() const { return index_; }
  PackStore& packs() const { return packs_; }

 private:
  // Base, but for the bytes.
  struct BaseChunks {
    std::vector<ChunkId> ids;
    onnx::DataType type = 0;
    uint64_t skip = 0;
    bool is_transposed = false;
  };
  using Getter = absl::StatusOr<Bytes> (ContentStore::*)(const ChunkId&) const;
  // Chunks one behind the other. Many in a row need the same.
  struct Joined {
    std::vector<ChunkId> ids;
    Getter get = nullptr;
    Bytes plain;
  };

  absl::Status CopyHashed(const Recipe& recipe, ByteSink& sink,
                          const std::function<void(uint64_t)>& progress) const;
  absl::Status FindDamage(const Recipe& recipe) const;
  absl::StatusOr<std::shared_ptr<const Bytes>> JoinBases(const StoredChunk& chunk,
                                                         Getter get) const;
  absl::StatusOr<std::shared_ptr<const Bytes>> Join(std::span<const ChunkId> ids, Getter get) const;
  absl::StatusOr<std::optional<BaseChunks>> FindBaseChunks(std::span<const ChunkId> ids,
                                                           onnx::DataType type) const;
  absl::StatusOr<uint64_t> Replay(const ReadableFile& file, bool with_bases,
                                  ChunkIngest& ingest) const;

  kv::KeyValueStore& index_;
  PackStore& packs_;
  mutable std::mutex joined_mutex_;
  mutable std::shared_ptr<const Joined> joined_;  // last; at most kMaxBases chunks
  const std::unique_ptr<ThreadPool> pool_;
};

}  // namespace mreg::content
