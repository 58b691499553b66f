#include "schema/formats/inspection/tar_reader.h"

#include <algorithm>
#include <utility>

#include "schema/base/status.h"
#include "schema/formats/inspection/file_view.h"

namespace mreg::formats {
namespace {

constexpr uint64_t kBlock = 512;
constexpr size_t kMaxMembers = 10'000;

// Octal digits between spaces, up to a NUL; or, with the highest bit set, a big-endian number.
std::optional<uint64_t> Number(ByteView field) {
  uint64_t value = 0;
  if ((static_cast<uint8_t>(field[0]) & 0x80) != 0) {
    for (const char c : field.substr(field.size() - 8)) {
      value = value << 8 | static_cast<uint8_t>(c);
    }
    return value < uint64_t{1} << 62 ? std::optional(value) : std::nullopt;
  }
  const size_t begin = std::min(field.find_first_not_of(' '), field.size());
  const size_t end = field.find_first_of(ByteView(" \0", 2), begin);
  for (const char c : field.substr(begin, end - begin)) {
    if (c < '0' || c > '7') return std::nullopt;
    value = value * 8 + static_cast<uint64_t>(c - '0');
  }
  return value;
}

// The sum of the header's bytes, its own field taken as spaces.
bool HasChecksum(ByteView header) {
  const auto told = Number(header.substr(148, 8));
  uint64_t sum = 8 * ' ';
  for (size_t i = 0; i < header.size(); ++i) {
    if (i < 148 || i >= 156) sum += static_cast<uint8_t>(header[i]);
  }
  return told && *told == sum && header[0] != '\0';
}

}  // namespace

absl::StatusOr<std::optional<TarArchive>> ReadTar(const ReadableFile& file) {
  MREG_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
  TarArchive archive;
  for (uint64_t at = 0;;) {
    MREG_ASSIGN_OR_RETURN(const Bytes header, ReadPart(file, at, kBlock));
    if (header.size() < kBlock || !HasChecksum(header)) {
      if (at == 0) return std::nullopt;
      const bool is_end = header.find_first_not_of('\0') == header.npos;
      if (!is_end) archive.fault = "a damaged tar archive";
      return archive;
    }
    const auto length = Number(ByteView(header).substr(124, 12));
    at += kBlock;
    if (!length || *length > size - at) {
      archive.fault = "a tar archive that is cut";
      return archive;
    }
    if (archive.members.size() == kMaxMembers) {
      archive.fault = "a tar archive with too many members";
      return archive;
    }
    const ByteView name = ByteView(header).substr(0, 100);
    if (*length > 0) {
      archive.members.push_back({std::string(name.substr(0, name.find('\0'))), at, *length});
    }
    at += (*length + kBlock - 1) / kBlock * kBlock;
    if (at >= size) return archive;
  }
}

}  // namespace mreg::formats
