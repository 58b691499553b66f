// A file that lies in memory, with bytes of its own at some places and zeros elsewhere, so that a
// test can have one of gigabytes.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>

#include "schema/base/bytes.h"
#include "schema/base/file_system.h"

namespace mreg::test_models {

// Thread-safe as ReadableFile asks.
class MemoryFile final : public ReadableFile {
 public:
  explicit MemoryFile(Bytes content);

  // `pieces` by their offsets, not overlapping, none beyond `size`.
  MemoryFile(uint64_t size, std::map<uint64_t, Bytes> pieces);

  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) const override;
  absl::StatusOr<uint64_t> Size() const override { return size_; }

  // How much was read so far, in bytes.
  uint64_t bytes_read() const { return bytes_read_; }

 private:
  const uint64_t size_;
  const std::map<uint64_t, Bytes> pieces_;
  mutable std::atomic<uint64_t> bytes_read_ = 0;
};

}  // namespace mreg::test_models
