// Takes changes back: of the work tree, or of the index. Internal to cli/workspace; the caller
// holds the clone's lock.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "cli/workspace/clone.h"
#include "cli/workspace/workspace.h"

namespace mreg::workspace {

// `arguments` as ResolveArguments gives them. Files of the index, or of `source`, that they cover
// are written where the work tree has others. NotFound if one covers none.
absl::Status RestoreWorkTree(Clone& clone, std::span<const std::string> arguments,
                             const std::optional<CommitId>& source, const FileProgress& progress);

// The index's entries that they cover become those of HEAD, or of `source`. NotFound if one covers
// a file of neither.
absl::Status RestoreIndex(Clone& clone, std::span<const std::string> arguments,
                          const std::optional<CommitId>& source);

}  // namespace mreg::workspace
