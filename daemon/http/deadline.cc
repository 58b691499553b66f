#include "daemon/http/deadline.h"

namespace mreg::http {
namespace {

constexpr std::chrono::milliseconds kCancelAgain{50};

}  // namespace

void Deadline::Set(Time::time_point when) {
  expired_ = false;
  when_ = when;
  if (when_ < armed_for_) Arm();
}

void Deadline::Arm() {
  armed_for_ = when_;
  timer_.expires_at(when_);
  timer_.async_wait([this, owner = owner_](ErrorCode error) {
    const auto kept = owner.lock();
    if (kept != nullptr && error != asio::error::operation_aborted) OnTimer();
  });
}

void Deadline::OnTimer() {
  armed_for_ = kNever;
  if (when_ == kNever) return;
  const auto now = Time::now();
  if (now >= when_) {
    expired_ = true;
    cancel_();
    when_ = now + kCancelAgain;
  }
  Arm();
}

}  // namespace mreg::http
