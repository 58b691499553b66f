// mreg's API on a registry.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "daemon/http/message.h"
#include "storage/registry/registry.h"

namespace mreg::api {

// Thread-safe. `registry` outlives it.
std::unique_ptr<http::Handler> MakeApiHandler(registry::Registry& registry);

// One request made in this process as the registry's owner, without a socket: the answer's body,
// or the status that its problem stands for.
absl::StatusOr<std::string> CallInProcess(http::Handler& handler, const std::string& method,
                                          const std::string& path, const std::string& json);

}  // namespace mreg::api
