#include "daemon/http/offload.h"

#include <boost/asio/post.hpp>

namespace mreg::http {

Offload::Offload(ThreadPool& workers, const Executor& executor)
    : workers_(workers), executor_(executor), returned_(executor) {
  returned_.expires_at(Time::time_point::max());
}

void Offload::Start(std::function<void()> call) {
  busy_ = true;
  // The executor is copied: this may be destroyed before post returns.
  workers_.Schedule([this, executor = executor_, call = std::move(call)] {
    call();
    asio::post(executor, [this] {
      busy_ = false;
      returned_.cancel();
    });
  });
}

Awaitable<> Offload::Wait() {
  while (busy_) co_await returned_.async_wait(kAwait);
}

}  // namespace mreg::http
