// Administration of a registry's folder, with or without a daemon that serves it.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace mreg::daemon {

// Makes requests of the API as the registry's owner. Thread-safe.
class OwnerConnection {
 public:
  virtual ~OwnerConnection() = default;

  // The answer's JSON. Waits as long as it takes.
  virtual absl::StatusOr<std::string> Call(const std::string& method, const std::string& path,
                                           const std::string& json) = 0;
};

enum class IfAbsent { kFail, kCreate };

// Through the socket of the daemon that serves the registry in `directory`, or on the folder
// itself where none does. Unavailable if another process has it open and no daemon answers.
absl::StatusOr<std::unique_ptr<OwnerConnection>> ConnectAsOwner(const std::string& directory,
                                                                IfAbsent if_absent);

// One request.
absl::StatusOr<std::string> CallAsOwner(const std::string& directory, IfAbsent if_absent,
                                        const std::string& method, const std::string& path,
                                        const std::string& json);

// The socket of the daemon that serves `directory`.
std::string SocketPath(const std::string& directory);

}  // namespace mreg::daemon
