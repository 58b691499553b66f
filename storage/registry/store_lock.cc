#include "storage/registry/store_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "schema/base/file_system.h"
#include "schema/base/status.h"

namespace mreg::registry {
namespace {

constexpr std::chrono::seconds kPatienceToBeAlone{10};
constexpr std::chrono::minutes kPatienceToShare{5};
constexpr std::chrono::milliseconds kPoll{20};

absl::Status Busy(const std::string& directory, StoreUse use) {
  return absl::UnavailableError(
      use == StoreUse::kAlone
          ? fmt::format("other mreg commands are using the store {}", directory)
          : fmt::format("the store {} is being collected by another mreg command", directory));
}

absl::Status WaitFor(int fd, const std::string& directory, StoreUse use) {
  const int operation = (use == StoreUse::kAlone ? LOCK_EX : LOCK_SH) | LOCK_NB;
  const auto begin = std::chrono::steady_clock::now();
  while (flock(fd, operation) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return ErrnoStatus(errno, fmt::format("lock the store {}", directory));
    }
    const auto waited = std::chrono::steady_clock::now() - begin;
    const bool give_up =
        use == StoreUse::kAlone ? waited > kPatienceToBeAlone : waited > kPatienceToShare;
    if (give_up) return Busy(directory, use);
    std::this_thread::sleep_for(kPoll);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<StoreLock> StoreLock::Take(const std::string& directory, StoreUse use) {
  const std::string path = JoinPath(directory, "lock");
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return ErrnoStatus(errno, fmt::format("open {}", path));
  StoreLock lock(fd);
  MREG_RETURN_IF_ERROR(WaitFor(fd, directory, use));
  return lock;
}

absl::Status StoreLock::Change(const std::string& directory, StoreUse use) {
  const absl::Status status = WaitFor(fd_, directory, use);
  if (!status.ok() && use == StoreUse::kAlone) {
    MREG_RETURN_IF_ERROR(WaitFor(fd_, directory, StoreUse::kShared));
  }
  return status;
}

StoreLock::~StoreLock() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace mreg::registry
