#include "schema/base/bytes_file.h"

namespace mreg {

absl::StatusOr<size_t> BytesFile::ReadAt(uint64_t offset, std::span<char> buffer) const {
  if (offset >= content_.size()) return 0;
  return content_.copy(buffer.data(), buffer.size(), offset);
}

}  // namespace mreg
