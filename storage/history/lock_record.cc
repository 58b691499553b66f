#include "storage/history/lock_record.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string_view>
#include <thread>

#include "schema/base/file_system.h"
#include "schema/base/status.h"
#include "storage/history/references.h"

namespace mreg::history {
namespace {

constexpr std::string_view kFile = "mreg-locks";
constexpr uint64_t kMaxBytes = 16 << 20;
constexpr auto kLongestWait = std::chrono::seconds(5);
constexpr auto kWaitBetweenTries = std::chrono::milliseconds(5);

absl::Status TakeTurn(int fd, const std::string& path) {
  const auto end = std::chrono::steady_clock::now() + kLongestWait;
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return ErrnoStatus(errno, fmt::format("lock {}", path));
    }
    if (std::chrono::steady_clock::now() > end) {
      return absl::UnavailableError("another mreg command is moving references of this clone");
    }
    std::this_thread::sleep_for(kWaitBetweenTries);
  }
  return absl::OkStatus();
}

// The file may hold anything: nothing is removed but lock files where references have them.
bool MayHaveLock(std::string_view name) {
  return name == "HEAD" || name == "packed-refs" || IsValidReferenceName(name);
}

absl::Status RemoveLeftLocks(const std::string& git_directory, const std::string& path) {
  MREG_ASSIGN_OR_RETURN(const Bytes text, ReadSmallFile(PosixFileSystem(), path, kMaxBytes));
  std::string_view rest = text;
  // What follows the last line end was not written to its end, and nothing was locked yet.
  for (size_t end = 0; (end = rest.find('\n')) != std::string_view::npos;
       rest.remove_prefix(end + 1)) {
    const std::string_view name = rest.substr(0, end);
    if (!MayHaveLock(name)) continue;
    const std::string lock = JoinPath(git_directory, fmt::format("{}.lock", name));
    if (unlink(lock.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) {
      return ErrnoStatus(errno, fmt::format("remove {}", lock));
    }
  }
  return absl::OkStatus();
}

absl::Status Write(int fd, const std::string& path, std::span<const std::string> names) {
  std::string text;
  for (const std::string& name : names) text += name + '\n';
  if (ftruncate(fd, 0) == 0 &&
      pwrite(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size())) {
    return absl::OkStatus();
  }
  return ErrnoStatus(errno, fmt::format("write {}", path));
}

}  // namespace

absl::StatusOr<LockRecord> LockRecord::Begin(const std::string& git_directory,
                                             std::span<const std::string> names) {
  const std::string path = JoinPath(git_directory, kFile);
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return ErrnoStatus(errno, fmt::format("open {}", path));
  absl::Status status = TakeTurn(fd, path);
  if (status.ok()) status = RemoveLeftLocks(git_directory, path);
  if (status.ok()) status = Write(fd, path, names);
  if (status.ok()) return LockRecord(fd);
  close(fd);  // with another's record as it is
  return status;
}

LockRecord::~LockRecord() {
  if (fd_ < 0) return;
  (void)!ftruncate(fd_, 0);
  close(fd_);
}

}  // namespace mreg::history
