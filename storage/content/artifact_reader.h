// Reads a file back from its chunks, decoding ahead. Internal to storage/content.
#pragma once

#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "schema/base/byte_stream.h"
#include "storage/content/content_store.h"

namespace mreg::content {

// Whether each chunk is hashed, or the caller hashes the whole file.
enum class ChunkProof { kNone, kHash };

// Not thread-safe. The store outlives it and its tasks in the store's pool.
class ArtifactReader final : public ByteSource {
 public:
  ArtifactReader(const ContentStore& store, Recipe recipe, uint64_t offset, uint64_t length,
                 ChunkProof proof);

  absl::StatusOr<size_t> Read(std::span<char> buffer) override;

  // The next bytes without a copy, valid until the next call, or as long as current() is held;
  // empty at the end.
  absl::StatusOr<ByteView> Next();
  const std::shared_ptr<const Bytes>& current() const { return current_; }

 private:
  using Plain = absl::StatusOr<std::shared_ptr<const Bytes>>;
  struct Piece {
    std::shared_future<Plain> chunk;
    uint32_t offset;
    uint32_t length;
  };

  void ReadAhead();
  std::shared_future<Plain> Fetch(uint32_t chunk);

  const ContentStore& store_;
  const Recipe recipe_;
  const ChunkProof proof_;
  size_t next_span_ = 0;
  uint64_t skip_ = 0;       // bytes of the next span that come before the range
  uint64_t remaining_ = 0;  // bytes of the range not yet scheduled
  std::deque<Piece> pieces_;
  uint64_t ahead_bytes_ = 0;
  // The chunks fetched last: a skeleton chunk serves many spans in a row.
  std::deque<std::pair<uint32_t, std::shared_future<Plain>>> recent_;
  std::shared_ptr<const Bytes> current_;
  ByteView rest_;  // of current_, not yet given out by Read
};

}  // namespace mreg::content
