// Garbage collection of a user's store: what no clone needs.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/content/gc.h"
#include "storage/registry/local_store.h"

namespace mreg::registry {

struct StoreGcPlan {
  content::GcPlan content;
  std::vector<std::string> clones;       // that were looked at
  std::vector<std::string> lost_clones;  // registered and not there: their files count as unused
};

// Used is what the clones' history and index name. Fails rather than leave out a clone that is
// there and cannot be read. To be executed, `store` has to be open alone since before.
absl::StatusOr<StoreGcPlan> PlanStoreGc(const LocalStore& store, const content::GcAge& age);

// Frees it, and forgets the lost clones.
absl::StatusOr<content::GcOutcome> ExecuteStoreGc(LocalStore& store, const StoreGcPlan& plan,
                                                  const content::GcProgress& progress);

}  // namespace mreg::registry
