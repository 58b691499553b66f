#include "storage/registry/quotas.h"

#include <fmt/format.h>

#include "schema/base/status.h"

namespace mreg::registry {
namespace {

std::string Size(uint64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

}  // namespace

std::optional<uint64_t> QuotaLimits::Of(const std::string& space) const {
  const auto own = by_namespace.find(space);
  return own == by_namespace.end() ? each : std::optional(own->second);
}

absl::StatusOr<uint64_t> Quotas::Used(const std::string& space) {
  {
    std::lock_guard lock(mutex_);
    if (const auto known = used_.find(space); known != used_.end()) return known->second;
  }
  MREG_ASSIGN_OR_RETURN(const uint64_t bytes, members_.FileBytes(space));
  std::lock_guard lock(mutex_);
  used_[space] = bytes;
  return bytes;
}

absl::Status Quotas::Check(const std::string& space, uint64_t added) {
  const auto limit = limits_.Of(space);
  if (!limit || added == 0) return absl::OkStatus();
  MREG_ASSIGN_OR_RETURN(const uint64_t used, Used(space));
  if (added <= *limit && used <= *limit - added) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      fmt::format("the namespace {} may keep files of {} and has {}: {} more are too much", space,
                  Size(*limit), Size(used), Size(added)));
}

void Quotas::Add(const std::string& space, uint64_t bytes) {
  std::lock_guard lock(mutex_);
  if (const auto known = used_.find(space); known != used_.end()) known->second += bytes;
}

void Quotas::Forget() {
  std::lock_guard lock(mutex_);
  used_.clear();
}

}  // namespace mreg::registry
