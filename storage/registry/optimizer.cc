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

// Of a run that goes on where another stopped. A dry run looks at all files again.
void AddEarlier(const content::OptimizeReport& earlier, content::OptimizeReport& report) {
  report.looked_files += earlier.looked_files;
  report.tensors += earlier.tensors;
  report.chunks += earlier.chunks;
  report.improved_chunks += earlier.improved_chunks;
  report.bytes_before += earlier.bytes_before;
  report.bytes_after += earlier.bytes_after;
  report.held += earlier.held;
  report.problems.insert(report.problems.begin(), earlier.problems.begin(), earlier.problems.end());
}

}  // namespace

// The round comes before the bases are listed: a lease that ran out before belongs to a writer that
// has written.
absl::StatusOr<content::OptimizeReport> Optimizer::RunOnce(const content::OptimizeOptions& options,
                                                           const content::GcProgress& progress) {
  MREG_ASSIGN_OR_RETURN(const auto turn, upkeep_.BeginOptimization());
  MREG_ASSIGN_OR_RETURN(const auto head, journal_.Head());
  const auto round = leases_.BeginRound(head.size);
  // One that comes later had to send whole what it holds, and is sent it so.
  MREG_ASSIGN_OR_RETURN(const auto spaces, members_.Spaces());
  LeasedBases guard(leases_);
  content::OptimizeOptions stoppable = options;
  stoppable.stop = turn.stop();
  return content::Optimize(
      content_, stoppable, guard,
      [&](std::span<const ChunkId> dependants, std::span<const ChunkId> bases) {
        return members_.MayRely(spaces, dependants, bases);
      },
      progress);
}

absl::StatusOr<content::OptimizeReport> Optimizer::Run(const content::OptimizeOptions& options,
                                                       const content::GcProgress& progress) {
  const std::unique_lock running(running_, std::try_to_lock);
  if (!running) return absl::AbortedError("an optimization is under way");
  content::OptimizeReport all;
  do {
    MREG_ASSIGN_OR_RETURN(auto report, RunOnce(options, progress));
    if (options.mode == content::OptimizeMode::kExecute) AddEarlier(all, report);
    all = std::move(report);
  } while (all.was_stopped);
  return all;
}

}  // namespace mreg::registry
