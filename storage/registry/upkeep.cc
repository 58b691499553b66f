#include "storage/registry/upkeep.h"

namespace mreg::registry {

absl::Status Upkeep::Closed() { return absl::UnavailableError("the registry is being closed"); }

Upkeep::Turn Upkeep::Begin(State state) {
  state_ = state;
  stop_ = std::stop_source();
  return Turn(*this, stop_.get_token());
}

absl::StatusOr<Upkeep::Turn> Upkeep::BeginCollection() {
  std::unique_lock lock(mutex_);
  if (state_ == State::kCollecting || collection_waits_) {
    return absl::AbortedError("a garbage collection is under way");
  }
  collection_waits_ = true;
  stop_.request_stop();
  ended_.wait(lock, [this] { return state_ == State::kIdle; });
  collection_waits_ = false;
  if (is_closed_) return Closed();
  return Begin(State::kCollecting);
}

absl::StatusOr<Upkeep::Turn> Upkeep::BeginOptimization() {
  std::unique_lock lock(mutex_);
  ended_.wait(lock,
              [this] { return is_closed_ || (state_ == State::kIdle && !collection_waits_); });
  if (is_closed_) return Closed();
  return Begin(State::kOptimizing);
}

Upkeep::Turn::~Turn() {
  if (upkeep_ == nullptr) return;
  {
    const std::lock_guard lock(upkeep_->mutex_);
    upkeep_->state_ = State::kIdle;
  }
  upkeep_->ended_.notify_all();
}

void Upkeep::Close() {
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    stop_.request_stop();
  }
  ended_.notify_all();
}

}  // namespace mreg::registry
