// Turns of a registry's collections and optimizations: one at a time. A collection does not wait
// until an optimization is done: that one steps aside, and goes on afterwards. Internal to
// storage/registry.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mreg::registry {

// Thread-safe.
class Upkeep {
 public:
  // Of one collection or optimization, as long as it lives.
  class Turn {
   public:
    Turn(Turn&& other) noexcept
        : upkeep_(std::exchange(other.upkeep_, nullptr)), stop_(std::move(other.stop_)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn();

    // It has to end soon: for a collection, or because the registry is closed.
    const std::stop_token& stop() const { return stop_; }

   private:
    friend class Upkeep;
    Turn(Upkeep& upkeep, std::stop_token stop) : upkeep_(&upkeep), stop_(std::move(stop)) {}

    Upkeep* upkeep_;
    std::stop_token stop_;
  };

  // Waits for an optimization that is under way to step aside. Aborted if there is a collection.
  absl::StatusOr<Turn> BeginCollection();

  // Waits for whatever is under way.
  absl::StatusOr<Turn> BeginOptimization();

  // Stops what is under way; who begins from now on, or waits, is Unavailable.
  void Close();

  static absl::Status Closed();

 private:
  enum class State { kIdle, kOptimizing, kCollecting };
  Turn Begin(State state);  // under mutex_

  std::mutex mutex_;
  std::condition_variable ended_;
  State state_ = State::kIdle;
  bool collection_waits_ = false;
  bool is_closed_ = false;
  std::stop_source stop_;  // of the turn
};

}  // namespace mreg::registry
