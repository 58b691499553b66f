// Improves how a user's store keeps what it has.
#pragma once

#include "absl/status/statusor.h"
#include "storage/content/optimize.h"
#include "storage/registry/local_store.h"

namespace mreg::registry {

// Beside other commands; each batch is committed while they wait, for some milliseconds.
// Unavailable if they keep the store busy for some seconds: what was switched before stays. As
// content::Optimize otherwise.
absl::StatusOr<content::OptimizeReport> OptimizeStore(LocalStore& store,
                                                      const content::OptimizeOptions& options,
                                                      const content::GcProgress& progress);

}  // namespace mreg::registry
