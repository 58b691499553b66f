// Which members a tar archive has. Format: POSIX.1-2017, pax, "ustar Interchange Format", and the
// older one without a magic number. Internal to schema/formats/inspection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "schema/base/file_system.h"

namespace mreg::formats {

struct TarMember {
  std::string name;
  uint64_t offset = 0;
  uint64_t size = 0;
};

struct TarArchive {
  std::vector<TarMember> members;  // with content, extended headers too
  std::string fault;               // why it cannot be read to its end; "" if it can
};

// Nothing unless `file` begins with a header whose checksum is right. Reading errors are passed on.
absl::StatusOr<std::optional<TarArchive>> ReadTar(const ReadableFile& file);

}  // namespace mreg::formats
