#include "storage/registry/leases.h"

#include <algorithm>
#include <utility>

#include "schema/base/coding.h"

namespace mreg::registry {

template <typename Id>
Leases::Mark Leases::MarkOf(const Id& id) {
  return ReadU64Be(id.bytes());
}

void Leases::Keep(const ArtifactId& artifact) {
  std::unique_lock lock(mutex_);
  step_ended_.wait(lock, [this] { return !in_step_; });
  leases_[MarkOf(artifact)] = {clock_.Now() + length_, next_lease_++, false};
}

void Leases::Keep(std::span<const ChunkId> chunks) { Keep(chunks, KeepFor::kItself); }

void Leases::KeepAsBases(std::span<const ChunkId> chunks) { Keep(chunks, KeepFor::kDifferences); }

void Leases::Keep(std::span<const ChunkId> chunks, KeepFor purpose) {
  std::unique_lock lock(mutex_);
  step_ended_.wait(lock, [this] { return !in_step_; });
  const TimePoint end = clock_.Now() + length_;
  const uint64_t number = next_lease_++;
  for (const ChunkId& chunk : chunks) {
    Lease& lease = leases_[MarkOf(chunk)];
    lease = {end, number, lease.is_of_base || purpose == KeepFor::kDifferences};
  }
  if (leases_.size() >= next_cleaning_ && !in_round_) ForgetExpired();
}

void Leases::ForgetExpired() {
  uint64_t first_held = next_lease_;
  for (const Hold& hold : holds_) first_held = std::min(first_held, hold.first_lease);
  absl::erase_if(leases_, [&, now = clock_.Now()](const auto& entry) {
    return entry.second.end <= now && entry.second.number < first_held;
  });
  next_cleaning_ = std::max<size_t>(1 << 16, 2 * leases_.size());
}

bool Leases::Contains(Mark mark) const {
  std::lock_guard lock(mutex_);
  return leases_.contains(mark);
}

size_t Leases::size() const {
  std::lock_guard lock(mutex_);
  return leases_.size();
}

Leases::RepositoryHold::RepositoryHold(Leases& leases, uint64_t repository, uint64_t journal_size)
    : leases_(leases) {
  std::unique_lock lock(leases_.mutex_);
  leases_.step_ended_.wait(lock, [this] { return !leases_.in_step_; });
  hold_ = leases_.holds_.insert({repository, journal_size, leases_.next_lease_++}).first;
}

Leases::RepositoryHold::~RepositoryHold() {
  std::lock_guard lock(leases_.mutex_);
  leases_.holds_.erase(hold_);
}

Leases::Round Leases::BeginRound(uint64_t journal_size) {
  std::lock_guard lock(mutex_);
  in_round_ = true;
  ForgetExpired();
  for (const Hold& hold : holds_) journal_size = std::min(journal_size, hold.journal_size);
  return Round(*this, journal_size);
}

Leases::Round::~Round() {
  if (leases_ == nullptr) return;
  std::lock_guard lock(leases_->mutex_);
  leases_->in_round_ = false;
}

Leases::RegistryStep::RegistryStep(Leases& leases) : leases_(leases) {
  std::lock_guard lock(leases_.mutex_);
  leases_.in_step_ = true;
}

Leases::RegistryStep::~RegistryStep() {
  {
    std::lock_guard lock(leases_.mutex_);
    leases_.in_step_ = false;
  }
  leases_.step_ended_.notify_all();
}

bool Leases::RegistryStep::Holds(const ArtifactId& artifact) const {
  return leases_.Contains(MarkOf(artifact));
}

bool Leases::RegistryStep::Holds(const ChunkId& chunk) const {
  return leases_.Contains(MarkOf(chunk));
}

bool Leases::RegistryStep::HoldsAsBase(const ChunkId& chunk) const {
  std::lock_guard lock(leases_.mutex_);
  const auto lease = leases_.leases_.find(MarkOf(chunk));
  return lease != leases_.leases_.end() && lease->second.is_of_base;
}

bool Leases::RegistryStep::HoldsRepository(uint64_t repository) const {
  std::lock_guard lock(leases_.mutex_);
  const auto hold = leases_.holds_.lower_bound(Hold{repository, 0, 0});
  return hold != leases_.holds_.end() && hold->repository == repository;
}

}  // namespace mreg::registry
