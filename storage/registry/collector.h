// Garbage collection of a registry, beside everything else that it does. Why that is safe:
// docs/decisions/0008-collecting-beside-writers.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/content/gc.h"
#include "storage/registry/gc_marks.h"
#include "storage/registry/leases.h"
#include "storage/registry/members.h"
#include "storage/registry/repositories.h"
#include "storage/registry/upkeep.h"

namespace mreg::registry {

enum class GcMode { kPlanOnly, kExecute };

struct GcOptions {
  GcMode mode = GcMode::kExecute;
  // What was written, or removed from a reference, more lately than this stays.
  std::chrono::milliseconds grace = std::chrono::hours(24 * 14);
};

struct GcReport {
  content::GcPlan plan;
  uint64_t objects = 0;        // of git, that no reference leads to
  content::GcOutcome outcome;  // the rest is zero with kPlanOnly
  uint64_t removed_objects = 0;
  uint64_t removed_attestations = 0;  // about versions that no reference leads to
  uint64_t removed_members = 0;
  uint64_t busy_repositories = 0;  // pushed to meanwhile: their objects stayed
};

// Thread-safe; one collection at a time.
class Collector {
 public:
  // All outlive it.
  Collector(kv::KeyValueStore& store, content::ContentStore& content,
            const Repositories& repositories, const journal::Journal& journal, Members& members,
            Leases& leases, Upkeep& upkeep, const Clock& clock);

  // Aborted if one is under way; an optimization steps aside. DataLoss if some history cannot be
  // read, since nobody knows then what has to stay; Unavailable if the registry is closed
  // meanwhile: what is left goes the next time. `progress` may be empty.
  absl::StatusOr<GcReport> Run(const GcOptions& options, const content::GcProgress& progress);

 private:
  struct Garbage {
    uint64_t repository = 0;
    std::vector<history::Reference> references;  // that do not lead to
    std::vector<ObjectId> objects;
    std::vector<Bytes> attestations;  // keys of their rows
  };
  struct Marked {
    absl::flat_hash_set<ArtifactId> files;
    std::vector<Garbage> garbage;
  };

  absl::StatusOr<GcReport> RunInTurn(const GcOptions& options, const content::GcProgress& progress,
                                     const std::stop_token& stop);
  absl::StatusOr<Marked> Mark(uint64_t since, TimePoint not_before,
                              const content::GcProgress& progress,
                              const std::stop_token& stop) const;
  absl::Status MarkRepository(Garbage& repository, std::span<const ObjectId> former,
                              Marked& marked) const;
  absl::Status RemoveObjects(const Garbage& garbage, GcReport& report);
  absl::StatusOr<bool> RemoveAttestations(const Garbage& garbage, GcReport& report);
  absl::StatusOr<bool> IsQuiet(const Garbage& garbage, const Leases::RegistryStep& step) const;

  kv::KeyValueStore& store_;
  content::ContentStore& content_;
  const Repositories& repositories_;
  const journal::Journal& journal_;
  Members& members_;
  Leases& leases_;
  Upkeep& upkeep_;
  const Clock& clock_;
};

}  // namespace mreg::registry
