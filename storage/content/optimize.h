// Improves how a store keeps what it has: chunks of tensors that came without a base (because who
// sent them had none, or because the base came later) become differences to, or computed from, what
// is in the store by now. No id changes. Why it is safe beside readers and writers:
// docs/decisions/0011-optimizing-beside-writers.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/content/content_store.h"
#include "storage/content/gc.h"

namespace mreg::content {

// Who writes differences beside the optimizer. Thread-safe.
class BaseGuard {
 public:
  // While a step lives, nobody begins to count on a chunk as a base: it is held for one batch.
  class Step {
   public:
    virtual ~Step() = default;
    // Whether the chunk is a base, or may become one, of which the index did not tell when the
    // optimizer began: it must not need bases itself.
    virtual bool HoldsAsBase(const ChunkId& chunk) const = 0;
  };
  virtual ~BaseGuard() = default;
  // An error ends the optimizer's run.
  virtual absl::StatusOr<std::unique_ptr<Step>> BeginStep() = 0;
};

// Whether whoever may read any of `dependants` may read all of `bases`.
using MayRely = std::function<absl::StatusOr<bool>(std::span<const ChunkId> dependants,
                                                   std::span<const ChunkId> bases)>;

enum class OptimizeMode { kDryRun, kExecute };

struct OptimizeOptions {
  OptimizeMode mode = OptimizeMode::kExecute;
  size_t threads = 1;
  unsigned cpu_percent = 100;  // of the time that each thread works; it sleeps for the rest
  // Asked to, the run ends within the time of some chunks. What it found so far is switched.
  std::stop_token stop = {};
};

struct OptimizeReport {
  uint64_t files = 0;         // in the store
  uint64_t looked_files = 0;  // of them now, and not in an earlier run
  uint64_t tensors = 0;       // whose like was searched
  uint64_t chunks = 0;        // that were encoded to see whether it pays
  uint64_t improved_chunks = 0;
  uint64_t bytes_before = 0;  // as stored, of the improved chunks
  uint64_t bytes_after = 0;
  uint64_t held = 0;                  // chunks that somebody counts on as they are
  bool was_stopped = false;           // with files left, for the next run
  std::vector<std::string> problems;  // one sentence each, of what is damaged and was passed over
};

// One at a time for a store, and not beside garbage collection, except where `guard` keeps other
// processes apart. A file that was looked at is not looked at again. Old copies stay until garbage
// is collected. Killed at any point it leaves a sound store, and the next run does the rest.
// With kDryRun nothing is written but sketches, to find by. `may_rely` may be empty: all may; it is
// asked about whole tensors. `progress` may be empty. Memory: some 16 MiB a thread, and
// some 50 bytes a chunk of the files that it looks at.
absl::StatusOr<OptimizeReport> Optimize(ContentStore& store, const OptimizeOptions& options,
                                        BaseGuard& guard, const MayRely& may_rely,
                                        const GcProgress& progress);

// The chunks that others need, by the index.
absl::StatusOr<absl::flat_hash_set<ChunkId>> ListBases(const kv::KeyValueStore& index);

}  // namespace mreg::content
