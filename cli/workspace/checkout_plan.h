// What a checkout would do, worked out before anything is touched. Internal to cli/workspace.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/workspace/clone.h"
#include "cli/workspace/file_writer.h"
#include "cli/workspace/sparse_checkout.h"
#include "storage/history/repository.h"
#include "storage/history/staging_index.h"

namespace mreg::workspace {

// What becomes of changes that are staged, and that neither HEAD nor the wanted version has.
enum class StagedChanges {
  kRefuse,  // index and version are to be alike afterwards
  kCarry,   // they stay staged where the two versions do not differ, as git switch has it
};

struct PlannedWrite {
  history::TreeEntry entry;
  Replaced replaced;
};

struct PlannedRemoval {
  std::string path;
  history::FileStamp stamp;
};

struct CheckoutPlan {
  std::vector<PlannedRemoval> removals;
  std::vector<PlannedWrite> writes;
  std::vector<history::StagedFile> present;  // in the work tree already, to be staged
  std::vector<std::string> forgotten;        // gone from the work tree already, to be unstaged
  std::vector<history::TreeEntry> left_out;  // to be staged, and not to be in the work tree
};

// From the index's files to `wanted`; `committed` are HEAD's. All are sorted by path. Reads files
// whose stamps prove nothing. FailedPrecondition, naming them, if changes would be lost: staged or
// local ones, files that are not tracked, or anything that stands where a folder is needed.
// Files of `left_out` are not written; where index and version are alike, nothing is done.
absl::StatusOr<CheckoutPlan> PlanCheckout(const Clone& clone, const history::StagingIndex& index,
                                          const std::vector<history::TreeEntry>& committed,
                                          const std::vector<history::TreeEntry>& wanted,
                                          const PathSet& left_out, StagedChanges staged_changes);

// Makes the work tree have the index's files but for `left_out`. Errors as above.
absl::StatusOr<CheckoutPlan> PlanReapply(const Clone& clone, const history::StagingIndex& index,
                                         const PathSet& left_out);

}  // namespace mreg::workspace
