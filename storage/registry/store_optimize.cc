#include "storage/registry/store_optimize.h"

#include <memory>
#include <utility>

#include "schema/base/status.h"

namespace mreg::registry {
namespace {

// Commands of other processes hold no leases that could be asked for: while a step lives there is
// none, and what those before have written is listed anew.
class AloneForAStep final : public content::BaseGuard {
 public:
  explicit AloneForAStep(LocalStore& store) : store_(store) {}

  absl::StatusOr<std::unique_ptr<Step>> BeginStep() override {
    MREG_RETURN_IF_ERROR(store_.BeAlone());
    auto step = std::make_unique<Alone>(store_);
    MREG_ASSIGN_OR_RETURN(step->bases, content::ListBases(store_.content().index()));
    return step;
  }

 private:
  struct Alone final : Step {
    explicit Alone(LocalStore& of) : store(of) {}
    // Should it fail, others wait until this process ends.
    ~Alone() override { store.ShareAgain().IgnoreError(); }
    bool HoldsAsBase(const ChunkId& chunk) const override { return bases.contains(chunk); }

    LocalStore& store;
    absl::flat_hash_set<ChunkId> bases;
  };

  LocalStore& store_;
};

}  // namespace

absl::StatusOr<content::OptimizeReport> OptimizeStore(LocalStore& store,
                                                      const content::OptimizeOptions& options,
                                                      const content::GcProgress& progress) {
  AloneForAStep guard(store);
  return content::Optimize(store.content(), options, guard, nullptr, progress);
}

}  // namespace mreg::registry
