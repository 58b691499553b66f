// Which of a clone's lock files are mreg's own: what a killed command left is told apart from what
// git holds. For this room's sources only.
#pragma once

#include <span>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace mreg::history {

// Held while references move: one command of a clone at a time, in all processes. It is a file
// beside the references that names them until the lock files are gone, which is when this is
// destroyed. A power cut may lose the file and leave the locks.
class LockRecord {
 public:
  // Removes the lock files that a killed command's record names, and records `names`: references,
  // HEAD or packed-refs. Unavailable if another command keeps its record for some seconds.
  static absl::StatusOr<LockRecord> Begin(const std::string& git_directory,
                                          std::span<const std::string> names);

  LockRecord(LockRecord&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  LockRecord& operator=(LockRecord&&) = delete;
  ~LockRecord();

 private:
  explicit LockRecord(int fd) : fd_(fd) {}

  int fd_;
};

}  // namespace mreg::history
