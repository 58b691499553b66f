// Takes changes back: of the work tree, or of the index. Internal to cli/workspace; the caller
// holds the clone's lock.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/workspace/clone.h"
#include "cli/workspace/workspace.h"

namespace mreg::workspace {

// `arguments` as ResolveArguments gives them. What RestoreWorkTree would make sure of: the files
// that they cover of the index, or of `source`; none that is left out of the work tree, unless it
// is named itself. NotFound if an argument covers none.
absl::StatusOr<std::vector<history::TreeEntry>> FilesToRestore(
    Clone& clone, const history::StagingIndex& index, std::span<const std::string> arguments,
    const std::optional<CommitId>& source);

// Files of the index, or of `source`, that they cover
// are written where the work tree has others. NotFound if one covers none.
absl::Status RestoreWorkTree(Clone& clone, std::span<const std::string> arguments,
                             const std::optional<CommitId>& source, const FileProgress& progress);

// The index's entries that they cover become those of HEAD, or of `source`. NotFound if one covers
// a file of neither.
absl::Status RestoreIndex(Clone& clone, std::span<const std::string> arguments,
                          const std::optional<CommitId>& source);

}  // namespace mreg::workspace
