// A point in time after which an operation is called off.
#pragma once

#include <functional>
#include <memory>

#include "daemon/http/asio_types.h"

namespace mreg::http {

// Confined to the strand of `executor`. Setting it is cheap: the timer is touched only where it
// would fire too late, not for every operation.
class Deadline {
 public:
  Deadline(const Executor& executor, std::function<void()> cancel)
      : timer_(executor), cancel_(std::move(cancel)) {}

  // Once, before Set. The timer keeps `owner`, of which this is a part, while it has work to do.
  void Start(std::weak_ptr<void> owner) { owner_ = std::move(owner); }

  // Calls `cancel` at `when`, and again shortly after until Clear: an operation of several steps
  // may have been between two of them.
  void Set(Time::time_point when);
  void Clear() { when_ = kNever; }

  // Since the last Set.
  bool expired() const { return expired_; }

 private:
  static constexpr Time::time_point kNever = Time::time_point::max();

  void Arm();
  void OnTimer();

  Timer timer_;
  const std::function<void()> cancel_;
  std::weak_ptr<void> owner_;
  Time::time_point when_ = kNever;
  Time::time_point armed_for_ = kNever;
  bool expired_ = false;
};

}  // namespace mreg::http
