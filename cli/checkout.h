// Checking out, as clone, switch, pull and restore share it.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/arguments.h"
#include "cli/context.h"
#include "cli/remote_access.h"
#include "cli/terminal/progress.h"
#include "cli/workspace/sparse_patterns.h"

namespace mreg::cli {

inline constexpr Option kIncludeOption = {
    .name = "include",
    .value = "PATTERN",
    .help = "Have only files that this fits, and remember it ('*': all again)",
    .repeats = true};
inline constexpr Option kExcludeOption = {.name = "exclude",
                                          .value = "PATTERN",
                                          .help = "Leave out files that this fits, and remember it",
                                          .repeats = true};

// What both options ask for; nothing if neither was given.
absl::StatusOr<std::optional<workspace::SparsePatterns>> SparseFrom(const Arguments& arguments);

// Makes the work tree what the clone's patterns ask for. What is missing is fetched first.
absl::Status ReapplySparse(Context& context, workspace::Workspace& workspace, sync::Remote* remote);

// Says how many files are left out of the work tree.
absl::Status NoteLeftOut(Context& context, workspace::Workspace& workspace);

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
