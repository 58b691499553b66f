// What a push moves, there and then here.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/arguments.h"
#include "cli/context.h"
#include "cli/remote_access.h"
#include "storage/sync/transfer.h"

namespace mreg::cli {

// The branches and tags named as BRANCH, the current branch if there are none; with --tags all
// tags; with --delete to be removed.
absl::StatusOr<std::vector<sync::PushItem>> ChoosePushItems(const history::Repository& history,
                                                            const Arguments& arguments);

// Notes in refs/remotes what the remote's branches are now.
absl::Status MoveTracking(Context& context, workspace::Workspace& workspace, const NamedRemote& to,
                          std::span<const sync::PushItem> items);

// Makes the branches that were pushed follow the remote's.
absl::Status FollowBranches(Context& context, workspace::Workspace& workspace,
                            const NamedRemote& to, std::span<const sync::PushItem> items);

}  // namespace mreg::cli
