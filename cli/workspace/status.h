// What differs between HEAD, the index and the work tree. Internal to cli/workspace.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "cli/workspace/clone.h"
#include "cli/workspace/workspace.h"

namespace mreg::workspace {

absl::StatusOr<StatusReport> ReadStatus(Clone& clone);

// The index against a version's files, both sorted by path.
std::vector<ChangedFile> CompareEntries(const std::vector<history::TreeEntry>& before,
                                        const std::vector<history::TreeEntry>& after);

}  // namespace mreg::workspace
