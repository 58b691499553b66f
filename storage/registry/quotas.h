// How much each namespace may keep: the sizes of its files, each counted once. What they share with
// each other or with other namespaces is not deducted, so that nobody's room depends on others.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/registry/members.h"

namespace mreg::registry {

// In bytes.
struct QuotaLimits {
  std::optional<uint64_t> each;                  // nothing: no limit
  std::map<std::string, uint64_t> by_namespace;  // instead of `each`
  std::optional<uint64_t> Of(const std::string& space) const;
};

// Thread-safe.
class Quotas {
 public:
  // `members` outlives it.
  Quotas(const Members& members, QuotaLimits limits)
      : members_(members), limits_(std::move(limits)) {}

  bool IsLimited(const std::string& space) const { return limits_.Of(space).has_value(); }

  // ResourceExhausted, with what is used and allowed, if files of `added` bytes more are too much
  // for `space`. Of two pushes at the same time both may pass.
  absl::Status Check(const std::string& space, uint64_t added);

  // Files of so many bytes were entered.
  void Add(const std::string& space, uint64_t bytes);
  // Something was removed: what is used is counted anew.
  void Forget();

 private:
  absl::StatusOr<uint64_t> Used(const std::string& space);

  const Members& members_;
  const QuotaLimits limits_;
  std::mutex mutex_;
  absl::flat_hash_map<std::string, uint64_t> used_;  // of namespaces that were counted
};

}  // namespace mreg::registry
