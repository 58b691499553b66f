#include "storage/registry/optimizer.h"

#include <memory>

#include "schema/base/status.h"

namespace mreg::registry {
namespace {

class LeasedBases final : public content::BaseGuard {
 public:
  explicit LeasedBases(Leases& leases) : leases_(leases) {}

  absl::StatusOr<std::unique_ptr<Step>> BeginStep() override {
    return std::make_unique<LeaseStep>(leases_);
  }

 private:
  struct LeaseStep final : Step {
    explicit LeaseStep(Leases& leases) : step(leases) {}
    bool HoldsAsBase(const ChunkId& chunk) const override { return step.HoldsAsBase(chunk); }

    const Leases::RegistryStep step;
  };

  Leases& leases_;
};

}  // namespace

// The round comes before the bases are listed: a lease that ran out before belongs to a writer that
// has written.
absl::StatusOr<content::OptimizeReport> Optimizer::Run(const content::OptimizeOptions& options,
                                                       const content::GcProgress& progress) {
  MREG_ASSIGN_OR_RETURN(const auto head, journal_.Head());
  const auto round = leases_.BeginRound(head.size);
  if (!round) return absl::AbortedError("a garbage collection or optimization is under way");
  LeasedBases guard(leases_);
  return content::Optimize(
      content_, options, guard,
      [this](std::span<const ChunkId> dependants, std::span<const ChunkId> bases) {
        return members_.MayRely(dependants, bases);
      },
      progress);
}

}  // namespace mreg::registry
