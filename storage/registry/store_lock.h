// Keeps the commands that use a user's store and its garbage collection apart. Internal to
// storage/registry. Why a lock: docs/decisions/0008-collecting-beside-writers.md.
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace mreg::registry {

enum class StoreUse {
  kShared,  // beside others, but not beside one that is alone
  kAlone,
};

// Held while it lives; the kernel lets go when the process dies, however it dies.
class StoreLock {
 public:
  // Waits: up to ten seconds to be alone, five minutes for one that is. Unavailable then.
  static absl::StatusOr<StoreLock> Take(const std::string& directory, StoreUse use);
  // Takes it as the other; it can be gone for a moment, and another process can have had the store
  // alone then. Waits and errors as above; held shared again after an error, unless that failed
  // too.
  absl::Status Change(const std::string& directory, StoreUse use);
  ~StoreLock();
  StoreLock(StoreLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  StoreLock& operator=(StoreLock&&) = delete;

 private:
  explicit StoreLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace mreg::registry
