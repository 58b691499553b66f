// Reading and writing all of what is asked for, at a place of an open file. Internal to
// cli/workspace.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/bytes.h"

namespace mreg::workspace {

// How much there was: less than asked for only at the file's end. `path` is for errors.
absl::StatusOr<size_t> ReadAt(int fd, std::string_view path, uint64_t offset,
                              std::span<char> buffer);
absl::Status WriteAt(int fd, std::string_view path, uint64_t offset, ByteView data);

}  // namespace mreg::workspace
