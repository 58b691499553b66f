// Administration of a registry's folder, with or without a daemon that serves it.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace mreg::daemon {

// Makes one request of the API as the owner of the registry in `directory`: through the socket of
// the daemon that serves it, or on the folder itself where none does. The answer's JSON.
// Unavailable if another process has the folder open and no daemon answers.
enum class IfAbsent { kFail, kCreate };
absl::StatusOr<std::string> CallAsOwner(const std::string& directory, IfAbsent if_absent,
                                        const std::string& method, const std::string& path,
                                        const std::string& json);

// The socket of the daemon that serves `directory`.
std::string SocketPath(const std::string& directory);

}  // namespace mreg::daemon
