// mregd serve: a registry behind HTTP, until it is told to stop.
#pragma once

#include "absl/status/status.h"
#include "daemon/config.h"

namespace mreg::daemon {

// Returns after SIGTERM or SIGINT, once requests under way are done or the grace is over.
absl::Status Serve(const Config& config);

}  // namespace mreg::daemon
