// Improves how a registry keeps what it has, beside everything else that it does. Why that is safe:
// docs/decisions/0011-optimizing-beside-writers.md.
#pragma once

#include "absl/status/statusor.h"
#include "storage/content/optimize.h"
#include "storage/journal/journal.h"
#include "storage/registry/leases.h"
#include "storage/registry/members.h"

namespace mreg::registry {

// Thread-safe; one run at a time.
class Optimizer {
 public:
  // All outlive it.
  Optimizer(content::ContentStore& content, const journal::Journal& journal, const Members& members,
            Leases& leases)
      : content_(content), journal_(journal), members_(members), leases_(leases) {}

  // As content::Optimize; no chunk comes to need one that some of its holders do not hold. Aborted
  // if a run, or a garbage collection, is under way.
  absl::StatusOr<content::OptimizeReport> Run(const content::OptimizeOptions& options,
                                              const content::GcProgress& progress);

 private:
  content::ContentStore& content_;
  const journal::Journal& journal_;
  const Members& members_;
  Leases& leases_;
};

}  // namespace mreg::registry
