// Encodings of a chunk's plain bytes. Identity lies above them: a chunk keeps its id however it is
// stored.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/bytes.h"
#include "schema/base/ids.h"

namespace mreg::content {

// Part of the pack and wire formats: append only.
enum class Encoding : uint8_t {
  kRaw = 0,
  kZstd = 1,
};

// No chunk is larger: what a reader has to hold for one is bounded.
inline constexpr uint32_t kMaxChunkBytes = 4 << 20;

// A chunk as it lies in a pack and travels on the wire.
struct StoredChunk {
  ChunkId id;
  Encoding encoding = Encoding::kRaw;
  uint32_t plain_length = 0;  // bytes
  Bytes payload;
};

// The smallest form of `plain` (at most kMaxChunkBytes) that pays: raw unless compression saves
// at least 1/32. Incompressible data costs a sample only.
StoredChunk Encode(const ChunkId& id, Bytes plain);

// The plain bytes, without looking whether they are those that the id promises. DataLoss if the
// payload does not decode to exactly `plain_length` bytes; never allocates more.
absl::StatusOr<Bytes> DecodeUnverified(StoredChunk chunk);

// The plain bytes, proved to hash to the id: DataLoss otherwise.
absl::StatusOr<Bytes> Decode(StoredChunk chunk);

// Whether it would decode: DataLoss if not. Cheaper than Decode where the plain bytes are not
// wanted.
absl::Status Verify(const StoredChunk& chunk);

}  // namespace mreg::content
