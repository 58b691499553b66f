#include "schema/formats/inspection/file_view.h"

#include <algorithm>

#include "schema/base/status.h"

namespace mreg::formats {

absl::StatusOr<size_t> FileView::ReadAt(uint64_t offset, std::span<char> buffer) const {
  if (offset >= length_) return 0;
  return file_.ReadAt(offset_ + offset,
                      buffer.subspan(0, std::min<uint64_t>(buffer.size(), length_ - offset)));
}

absl::StatusOr<size_t> BytesFile::ReadAt(uint64_t offset, std::span<char> buffer) const {
  if (offset >= bytes_.size()) return 0;
  return bytes_.copy(buffer.data(), buffer.size(), offset);
}

absl::StatusOr<Bytes> ReadPart(const ReadableFile& file, uint64_t offset, size_t length) {
  MREG_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
  Bytes bytes(std::min<uint64_t>(length, size - std::min(size, offset)), '\0');
  if (bytes.empty()) return bytes;
  MREG_ASSIGN_OR_RETURN(const size_t got, file.ReadAt(offset, bytes));
  bytes.resize(got);
  return bytes;
}

}  // namespace mreg::formats
