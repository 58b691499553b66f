#include "cli/workspace/work_file.h"

#include <fmt/format.h>

#include <cerrno>

#include "cli/workspace/fd_io.h"
#include "schema/base/display.h"
#include "schema/base/status.h"

namespace mreg::workspace {
namespace {

absl::Status Changed(std::string_view path) {
  return absl::AbortedError(
      fmt::format("the file {} changed while it was read", EscapeForDisplay(path)));
}

}  // namespace

history::FileMode ModeOf(const struct stat& info) {
  return (info.st_mode & S_IXUSR) != 0 ? history::FileMode::kExecutable
                                       : history::FileMode::kRegular;
}

absl::StatusOr<size_t> WorkFile::ReadAt(uint64_t offset, std::span<char> buffer) const {
  return workspace::ReadAt(fd_.get(), path_, offset, buffer);
}

absl::StatusOr<uint64_t> WorkFile::Size() const {
  struct stat now;
  if (fstat(fd_.get(), &now) != 0) {
    return ErrnoStatus(errno, fmt::format("look at {}", EscapeForDisplay(path_)));
  }
  return static_cast<uint64_t>(now.st_size);
}

absl::StatusOr<Bytes> WorkFile::ReadAll() const {
  // A byte more than there should be, so that one that grew is noticed.
  Bytes content(size() + 1, '\0');
  MREG_ASSIGN_OR_RETURN(const size_t got, ReadAt(0, content));
  if (got != size()) return Changed(path_);
  content.resize(got);
  return content;
}

absl::Status WorkFile::CheckUnchanged() const {
  struct stat now;
  if (fstat(fd_.get(), &now) != 0) {
    return ErrnoStatus(errno, fmt::format("look at {}", EscapeForDisplay(path_)));
  }
  if (history::StampOf(now) != stamp() || now.st_size != info_.st_size) return Changed(path_);
  return absl::OkStatus();
}

}  // namespace mreg::workspace
