// Merging, as merge and pull share it.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "cli/arguments.h"
#include "cli/context.h"
#include "cli/terminal/json.h"
#include "storage/sync/remote.h"

namespace mreg::cli {

// The options of both commands.
inline constexpr Option kOursOption = {
    .name = "ours", .value = "PATH", .help = "Take our side of this file", .repeats = true};
inline constexpr Option kTheirsOption = {
    .name = "theirs", .value = "PATH", .help = "Take their side of this file", .repeats = true};
inline constexpr Option kForwardOption = {
    .name = "ff-only", .help = "Only go forward; fail where a merge would be needed"};

// Merges `other`, called `name`, into the branch that is checked out; fetches its missing files
// first, from `remote` where one is given. A clone without a commit takes it over as it is.
absl::StatusOr<workspace::Workspace::MergeReport> MergeCommit(
    Context& context, workspace::Workspace& workspace, const CommitId& other,
    const std::string& name, const Arguments& arguments, sync::Remote* remote);

// Says what became of it. kConflict if there were conflicts.
ExitCode NoteMerge(Context& context, const workspace::Workspace::MergeReport& report);

terminal::Json MergeJson(const workspace::Workspace::MergeReport& report);

}  // namespace mreg::cli
