// Which members a zip archive has, as those that load models from it see them.
// Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
// Internal to schema/formats/inspection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "schema/base/file_system.h"

namespace mreg::formats {

struct ZipMember {
  std::string name;
  uint16_t method = 0;  // 0 stored, 8 deflated
  uint32_t crc = 0;     // of the content
  uint64_t offset = 0;  // of the member's bytes, from the file's start
  uint64_t stored = 0;  // bytes in the archive
  uint64_t size = 0;    // bytes of content, as the archive says
  std::string fault;    // why it cannot be trusted; "" if it can
};

struct ZipArchive {
  uint64_t begin = 0;  // bytes in front of it, which readers pass over
  std::vector<ZipMember> members;
  std::string fault;  // why the archive cannot be read to its end; "" if it can
};

inline constexpr size_t kMaxZipMembers = 10'000;

// Nothing if `file` neither begins with a member nor ends in a directory of members; an archive's
// end may have up to 64 KiB behind it. Reading errors are passed on.
absl::StatusOr<std::optional<ZipArchive>> ReadZip(const ReadableFile& file);

}  // namespace mreg::formats
