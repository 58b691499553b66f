#include "tests/models/memory_file.h"

#include <algorithm>
#include <utility>

namespace mreg::test_models {

MemoryFile::MemoryFile(Bytes content)
    : size_(content.size()), pieces_{{uint64_t{0}, std::move(content)}} {}

MemoryFile::MemoryFile(uint64_t size, std::map<uint64_t, Bytes> pieces)
    : size_(size), pieces_(std::move(pieces)) {}

absl::StatusOr<size_t> MemoryFile::ReadAt(uint64_t offset, std::span<char> buffer) const {
  const uint64_t end = std::min<uint64_t>(size_, offset + buffer.size());
  if (offset >= end) return 0;
  std::fill_n(buffer.data(), end - offset, '\0');
  auto piece = pieces_.upper_bound(offset);
  if (piece != pieces_.begin()) --piece;
  for (; piece != pieces_.end() && piece->first < end; ++piece) {
    const auto& [start, bytes] = *piece;
    const uint64_t from = std::max(start, offset);
    const uint64_t to = std::min(start + bytes.size(), end);
    if (from < to) bytes.copy(buffer.data() + (from - offset), to - from, from - start);
  }
  bytes_read_ += end - offset;
  return end - offset;
}

}  // namespace mreg::test_models
