// Pack files: a record stream, a footer that lists what is inside, and a trailer by which the
// footer is found and checked. Specification: docs/formats/pack.md.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/content/codec.h"
#include "storage/content/pack_store.h"

namespace mreg::content {

// Beyond this a pack is sealed and the next begun.
inline constexpr uint64_t kPackBytes = 64 << 20;

// Where a chunk's payload lies.
struct ChunkPlace {
  PackId pack;
  uint32_t offset = 0;  // of the payload in the pack file
  uint32_t stored_length = 0;
  uint32_t plain_length = 0;
  Encoding encoding = Encoding::kRaw;
  std::vector<ChunkId> bases;  // as in StoredChunk
};

struct PackedChunk {
  ChunkId id;
  ChunkPlace place;
};

// Writes one pack. Not thread-safe. Once a write has failed everything fails, as it did.
class PackWriter {
 public:
  static absl::StatusOr<PackWriter> Begin(PackStore& store);

  absl::Status Add(const StoredChunk& chunk);
  uint64_t size() const { return size_; }
  bool empty() const { return chunks_.empty(); }

  // Writes footer and trailer and publishes the pack, durably: what it holds and where.
  absl::StatusOr<std::vector<PackedChunk>> Seal();

 private:
  explicit PackWriter(std::unique_ptr<PackUpload> upload) : upload_(std::move(upload)) {}
  absl::Status Write(ByteView data);

  std::unique_ptr<PackUpload> upload_;
  absl::Status failure_;             // of the first write that failed: what it left is not known
  std::vector<PackedChunk> chunks_;  // pack id still unset
  uint64_t size_ = 0;
  uint64_t writeback_from_ = 0;
};

// What pack `info.id` holds, from its footer. DataLoss if trailer or footer are damaged or the
// footer does not hash to the pack's name.
absl::StatusOr<std::vector<PackedChunk>> ReadPackFooter(const PackStore& store,
                                                        const PackInfo& info);

// The chunk at `place`, as stored and not yet proved to be `id`.
absl::StatusOr<StoredChunk> ReadRecord(const PackStore& store, const ChunkId& id,
                                       const ChunkPlace& place);

}  // namespace mreg::content
