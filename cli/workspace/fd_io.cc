#include "cli/workspace/fd_io.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "schema/base/display.h"
#include "schema/base/status.h"

namespace mreg::workspace {
namespace {

absl::Status Failed(std::string_view action, std::string_view path) {
  const int error = errno;
  return ErrnoStatus(error, fmt::format("{} {}", action, EscapeForDisplay(path)));
}

}  // namespace

absl::StatusOr<size_t> ReadAt(int fd, std::string_view path, uint64_t offset,
                              std::span<char> buffer) {
  size_t filled = 0;
  while (filled < buffer.size()) {
    const ssize_t got = pread(fd, buffer.data() + filled, buffer.size() - filled,
                              static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed("read", path);
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  return filled;
}

absl::Status WriteAt(int fd, std::string_view path, uint64_t offset, ByteView data) {
  while (!data.empty()) {
    const ssize_t written = pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failed("write", path);
    offset += static_cast<uint64_t>(written);
    data.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

}  // namespace mreg::workspace
