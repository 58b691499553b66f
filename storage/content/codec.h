// Encodings of a chunk's plain bytes. Identity lies above them: a chunk keeps its id however it is
// stored.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/bytes.h"
#include "schema/base/ids.h"
#include "schema/onnx/wire_scanner.h"

namespace mreg::content {

// Part of the pack and wire formats: append only.
enum class Encoding : uint8_t {
  kRaw = 0,
  kZstd = 1,
  kPlanes = 2,      // of the elements' bytes, each coded for itself
  kDifference = 3,  // of the elements to those of the one base
  kComputed = 4,    // of the elements to what the bases' elements, of another type, give by a rule
};

// No chunk is larger: what a reader has to hold for one is bounded.
inline constexpr uint32_t kMaxChunkBytes = 4 << 20;
inline constexpr size_t kMaxBases = 16;

// A chunk as it lies in a pack and travels on the wire.
struct StoredChunk {
  ChunkId id;
  Encoding encoding = Encoding::kRaw;
  uint32_t plain_length = 0;  // bytes
  // Chunks whose plain bytes are needed to decode it, none of which needs others itself.
  std::vector<ChunkId> bases;
  Bytes payload;
};

// What another chunk may be stored as a difference to: the plain bytes of `ids`, in that order.
struct Base {
  std::vector<ChunkId> ids;
  onnx::DataType type = 0;
  Bytes plain;
  uint32_t skip = 0;  // elements before those that are like the chunk's
  // Whether it is a matrix that the chunk's tensor is like the other way round. Then it is whole.
  bool is_transposed = false;
};

// Where a chunk's elements lie in their tensor: what shares a scale is found by it. A hint.
struct Place {
  std::vector<int64_t> dims;  // of the tensor; empty: unknown
  uint64_t first = 0;         // number of the chunk's first element
};

// The smallest form of `plain` (at most kMaxChunkBytes) that pays: raw unless compression saves
// at least 1/32. Incompressible data costs a sample only.
// `type` is that of the elements; 0 for plain bytes.
StoredChunk Encode(const ChunkId& id, Bytes plain, onnx::DataType type = 0);

// The same, or the difference to `base`, or to what can be computed from it if its elements are of
// another type: whichever is smaller.
StoredChunk EncodeBeside(const ChunkId& id, Bytes plain, onnx::DataType type, const Base& base,
                         const Place& place = {});

// The plain bytes, without looking whether they are those that the id promises. `base`: the plain
// bytes of the chunk's bases, one behind the other. DataLoss if the payload does not decode to
// exactly `plain_length` bytes; never allocates more than some times that.
absl::StatusOr<Bytes> DecodeUnverified(StoredChunk chunk, ByteView base = {});
// The same without a copy: what is stored as it is, else what was decoded into `room`.
absl::StatusOr<ByteView> ViewUnverified(const StoredChunk& chunk, ByteView base, Bytes& room);

// The plain bytes, proved to hash to the id: DataLoss otherwise.
absl::StatusOr<Bytes> Decode(StoredChunk chunk, ByteView base = {});

// Whether it would decode: DataLoss if not.
absl::Status Verify(const StoredChunk& chunk, ByteView base = {});
// Whether a chunk's plain bytes, whose SHA-256 is `digest`, are those that `id` promises.
absl::Status CheckDigest(const ChunkId& id, ByteView digest);

// What a computed chunk is computed from: the type of its bases' elements, and how many of those
// lie before its first, or that they are a whole matrix, which is turned round.
struct Source {
  onnx::DataType type = 0;
  uint32_t skip = 0;
  bool is_transposed = false;
};
absl::StatusOr<Source> SourceOf(const StoredChunk& chunk);

// The type that the chunk was encoded with, as far as its encoding tells; 0 otherwise.
onnx::DataType TypeOf(const StoredChunk& chunk);

}  // namespace mreg::content
