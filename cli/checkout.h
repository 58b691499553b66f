// Checking out, as clone, switch, pull and restore share it.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "cli/context.h"
#include "cli/remote_access.h"
#include "cli/terminal/progress.h"

namespace mreg::cli {

// Shows files on `bar` as they are read or written. Between any two pieces of them a signal may end
// the process, also inside a hold.
workspace::FileProgress ShowOn(terminal::ProgressBar& bar, Interrupts& interrupts);

// Makes the branch at `commit`. AlreadyExists if there is one of that name.
absl::Status CreateBranch(Context& context, workspace::Workspace& workspace,
                          const std::string& reference, const CommitId& commit);

// Makes the branch follow `branch` of a remote.
absl::Status SetUpstream(Context& context, workspace::Workspace& workspace,
                         const std::string& reference, const std::string& remote,
                         const std::string& branch);

// Switches work tree and HEAD to an existing branch, or to `commit` on no branch. What is missing
// is fetched first, from `remote` where one is given.
absl::Status SwitchToBranch(Context& context, workspace::Workspace& workspace,
                            const std::string& reference, sync::Remote* remote);
absl::Status SwitchToCommit(Context& context, workspace::Workspace& workspace,
                            const CommitId& commit, sync::Remote* remote);

}  // namespace mreg::cli
