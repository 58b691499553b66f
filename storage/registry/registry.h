// A registry: a folder with everything in it, and every rule of the product above it. Opened by a
// server, or by a command that works on the folder itself.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/clock.h"
#include "schema/base/file_system.h"
#include "storage/content/content_store.h"
#include "storage/content/fsck.h"
#include "storage/journal/journal.h"
#include "storage/registry/access.h"
#include "storage/registry/attestations.h"
#include "storage/registry/browse.h"
#include "storage/registry/collector.h"
#include "storage/registry/content_rules.h"
#include "storage/registry/knowledge.h"
#include "storage/registry/members.h"
#include "storage/registry/optimizer.h"
#include "storage/registry/repositories.h"
#include "storage/registry/transfer.h"
#include "storage/registry/usage.h"

namespace mreg::registry {

struct RegistryOptions {
  AnonymousRead anonymous_read = AnonymousRead::kAllowed;
  // What an offer found here stays so long: see Leases.
  std::chrono::milliseconds lease_length = kLeaseLength;
  QuotaLimits quotas = {};
  ContentRules content = ContentRules::OfFolder();
};

struct RegistryCheck {
  content::FsckReport content;
  std::vector<std::string> problems;  // of history and journal
};

// Thread-safe. Its parts are used directly; each asks who the caller is.
class Registry {
 public:
  virtual ~Registry() = default;

  virtual Access& access() = 0;
  virtual Repositories& repositories() = 0;
  virtual Transfer& transfer() = 0;
  virtual Attestations& attestations() = 0;
  virtual const Browse& browse() const = 0;
  virtual Knowledge& knowledge() = 0;
  virtual const journal::Journal& journal() const = 0;

  // Admin only.
  virtual absl::StatusOr<content::StoreStats> Stats(const Caller& caller) const = 0;

  // Admin only. Reads all history and all of the index.
  virtual absl::StatusOr<RegistryUsage> MeasureUsage(const Caller& caller) const = 0;

  // Admin only. Chunks, recipes, journal; and every version of every repository: that its
  // objects are there and that its files are; and what attestations are about.
  virtual absl::StatusOr<RegistryCheck> Check(
      const Caller& caller, content::FsckDepth depth,
      const std::function<void(uint64_t)>& progress) const = 0;

  // Admin only. Frees what no reference leads to: see Collector::Run.
  virtual absl::StatusOr<GcReport> CollectGarbage(const Caller& caller, const GcOptions& options,
                                                  const content::GcProgress& progress) = 0;

  // Admin only. Stores better what came without its base: see Optimizer::Run.
  virtual absl::StatusOr<content::OptimizeReport> Optimize(const Caller& caller,
                                                           const content::OptimizeOptions& options,
                                                           const content::GcProgress& progress) = 0;

  // Before it is closed: a collection or optimization under way ends soon, and none begins any
  // more. They answer Unavailable. From any thread.
  virtual void StopUpkeep() = 0;
};

enum class OpenMode { kExisting, kCreate };

// NotFound if `directory` holds no registry (kExisting); Unavailable if another process has it
// open; FailedPrecondition for a format that this mreg does not know. What a killed process left
// half-written is taken over or removed. `fs` and `clock` outlive it.
absl::StatusOr<std::unique_ptr<Registry>> OpenRegistry(const std::string& directory, OpenMode mode,
                                                       const RegistryOptions& options,
                                                       FileSystem& fs, const Clock& clock);

}  // namespace mreg::registry
