// Puts files of the work tree into the store and the index. Internal to cli/workspace; the caller
// holds the clone's lock.
#pragma once

#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "cli/workspace/clone.h"
#include "cli/workspace/workspace.h"

namespace mreg::workspace {

// As Workspace::Add, `arguments` as ResolveArguments gives them.
absl::StatusOr<AddReport> AddFiles(Clone& clone, std::span<const std::string> arguments,
                                   std::span<const CommitId> derived_from,
                                   const FileProgress& progress);

}  // namespace mreg::workspace
