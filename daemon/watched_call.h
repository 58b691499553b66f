// A long request of the API, with its progress on stderr.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace mreg::daemon {

// What POST `path` answers, as the owner of the registry in `directory`; GET `path` tells
// meanwhile how far it is. Errors as ConnectAsOwner's.
absl::StatusOr<std::string> CallWatched(const std::string& directory, const std::string& path,
                                        const std::string& query);

}  // namespace mreg::daemon
