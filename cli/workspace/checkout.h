// Makes work tree and index those of a version. Internal to cli/workspace; the caller holds the
// clone's lock.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cli/workspace/checkout_plan.h"
#include "cli/workspace/clone.h"
#include "cli/workspace/workspace.h"
#include "storage/history/repository.h"

namespace mreg::workspace {

// As Workspace::Checkout, for files sorted by path. `head` is what HEAD is before.
absl::Status CheckOutFiles(Clone& clone, const std::optional<CommitId>& head,
                           const std::vector<history::TreeEntry>& files,
                           StagedChanges staged_changes, const FileProgress& progress);

absl::Status CheckOut(Clone& clone, const CommitId& commit, StagedChanges staged_changes,
                      const FileProgress& progress);

// As Workspace's methods of these names.
absl::Status ReapplySparse(Clone& clone, const FileProgress& progress);
absl::Status SwitchTo(Clone& clone, const std::string& reference, const FileProgress& progress);
absl::Status Detach(Clone& clone, const CommitId& commit, const FileProgress& progress);

}  // namespace mreg::workspace
