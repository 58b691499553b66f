// Improves how a registry keeps what it has, beside everything else that it does. Why that is safe:
// docs/decisions/0011-optimizing-beside-writers.md.
#pragma once

#include <mutex>

#include "absl/status/statusor.h"
#include "storage/content/optimize.h"
#include "storage/journal/journal.h"
#include "storage/registry/leases.h"
#include "storage/registry/members.h"
#include "storage/registry/upkeep.h"

namespace mreg::registry {

// Thread-safe; one run at a time.
class Optimizer {
 public:
  // All outlive it.
  Optimizer(content::ContentStore& content, const journal::Journal& journal, const Members& members,
            Leases& leases, Upkeep& upkeep)
      : content_(content), journal_(journal), members_(members), leases_(leases), upkeep_(upkeep) {}

  // As content::Optimize; no chunk comes to need one that some of its holders do not hold. Steps
  // aside for garbage collections and goes on after them. Aborted if a run is under way;
  // Unavailable if the registry is closed meanwhile: what was switched before stays.
  absl::StatusOr<content::OptimizeReport> Run(const content::OptimizeOptions& options,
                                              const content::GcProgress& progress);

 private:
  // Until it is done, or has to step aside.
  absl::StatusOr<content::OptimizeReport> RunOnce(const content::OptimizeOptions& options,
                                                  const content::GcProgress& progress);

  content::ContentStore& content_;
  const journal::Journal& journal_;
  const Members& members_;
  Leases& leases_;
  Upkeep& upkeep_;
  std::mutex running_;
};

}  // namespace mreg::registry
