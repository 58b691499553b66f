#include "storage/registry/store_gc.h"

#include "schema/base/status.h"
#include "storage/registry/gc_marks.h"

namespace mreg::registry {

absl::StatusOr<StoreGcPlan> PlanStoreGc(const LocalStore& store, const content::GcAge& age) {
  StoreGcPlan plan;
  GcMarks marks;
  MREG_ASSIGN_OR_RETURN(const auto clones, store.Clones());
  for (const std::string& clone : clones) {
    MREG_ASSIGN_OR_RETURN(const bool exists, PosixFileSystem().Exists(JoinPath(clone, ".mreg")));
    (exists ? plan.clones : plan.lost_clones).push_back(clone);
    if (!exists) continue;
    if (auto status = MarkClone(clone, marks); !status.ok()) return Annotate(status, clone);
  }
  MREG_ASSIGN_OR_RETURN(plan.content, content::PlanGc(store.content(), marks.files, age));
  return plan;
}

absl::StatusOr<content::GcOutcome> ExecuteStoreGc(LocalStore& store, const StoreGcPlan& plan,
                                                  const content::GcProgress& progress) {
  content::NothingIsHeld guard;
  MREG_RETURN_IF_ERROR(store.ForgetClones(plan.lost_clones));
  return content::ExecuteGc(store.content(), plan.content, guard, progress);
}

}  // namespace mreg::registry
