// Garbage collection of a content store: a plan of what nothing needs, then its execution, beside
// readers and writers. Why that is safe: docs/decisions/0008-collecting-beside-writers.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/clock.h"
#include "storage/content/content_store.h"

namespace mreg::content {

// The chunks without which the one at `place` cannot be decoded: while it lives, so do they.
std::vector<ChunkId> DependenciesOf(const ChunkPlace& place);

// What is counted on though nothing that is marked names it: content of pushes under way.
// Thread-safe.
class GcGuard {
 public:
  // While a step lives, nobody begins to count on anything: it is held for one batch.
  class Step {
   public:
    virtual ~Step() = default;
    // A file that is held holds its chunks, and a chunk what it depends on.
    virtual bool Holds(const ArtifactId& artifact) const = 0;
    virtual bool Holds(const ChunkId& chunk) const = 0;
  };
  virtual ~GcGuard() = default;
  virtual std::unique_ptr<Step> BeginStep() = 0;
};

// For a store that the collector has alone.
class NothingIsHeld final : public GcGuard {
 public:
  std::unique_ptr<Step> BeginStep() override;
};

struct GcPlan {
  uint64_t files = 0;       // in the store
  uint64_t used_files = 0;  // that were marked
  uint64_t kept_files = 0;  // not marked, but some of their chunks are young
  uint64_t chunks = 0;
  uint64_t dead_bytes = 0;  // of the dead chunks' payload
  uint64_t free_bytes = 0;  // of pack files, estimated
  std::vector<ArtifactId> dead_files;
  std::vector<PackedChunk> dead_chunks;  // each before those it depends on
  std::vector<PackInfo> dead_packs;      // no live chunk lies in them
  std::vector<PackInfo> sparse_packs;    // more than half of their records is dead
};

struct GcOutcome {
  uint64_t removed_files = 0;
  uint64_t removed_chunks = 0;
  uint64_t held = 0;  // dead files and chunks that somebody counts on by now
  uint64_t removed_packs = 0;
  uint64_t rewritten_packs = 0;       // of the removed ones
  uint64_t freed_bytes = 0;           // of pack files, less what was copied
  std::vector<std::string> problems;  // one sentence each, of packs that had to stay
};

// Packs written less than `grace` before `now` are young.
struct GcAge {
  TimePoint now;
  std::chrono::milliseconds grace{0};
};

// Called with what is being done and how far it is.
using GcProgress = std::function<void(std::string_view phase, uint64_t done, uint64_t total)>;

// What is young stays: everything in such a pack, and every file that has a chunk there. `used`
// need not be in the store. Changes nothing. DataLoss if a used file's recipe is damaged, so that
// nobody knows what else has to stay.
absl::StatusOr<GcPlan> PlanGc(const ContentStore& store,
                              const absl::flat_hash_set<ArtifactId>& used, GcAge age);

// Files go first, then chunks, then packs; each is durably gone from the index before what it
// stood for goes. What changed since the plan was made stays as it is. Killed at any point it
// leaves a sound store, and the next collection does the rest; so does Cancelled, soon after it was
// asked to stop. `progress` may be empty.
absl::StatusOr<GcOutcome> ExecuteGc(ContentStore& store, const GcPlan& plan, GcGuard& guard,
                                    const GcProgress& progress, const std::stop_token& stop = {});

}  // namespace mreg::content
