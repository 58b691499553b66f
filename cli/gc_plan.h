// What of the user's store no clone needs any more.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/context.h"

namespace mreg::cli {

struct GcPlan {
  uint64_t files = 0;       // in the store
  uint64_t used_files = 0;  // that a clone's history or index reaches
  uint64_t kept_files = 0;  // not used, but kept since some of their packs are too young
  uint64_t free_files = 0;  // neither
  uint64_t free_chunks = 0;
  uint64_t free_bytes = 0;               // stored, of those chunks
  std::vector<std::string> clones;       // that were looked at
  std::vector<std::string> lost_clones;  // registered and not there: their files count as unused
};

// Files whose packs were all written before `older_than` and that nothing reaches are counted as
// free, with the chunks that no other file shares. Fails rather than leave out a clone that is
// there and cannot be read.
absl::StatusOr<GcPlan> PlanGc(Context& context, TimePoint older_than);

}  // namespace mreg::cli
