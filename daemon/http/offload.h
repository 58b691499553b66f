// Calls that may block, made on worker threads while a coroutine goes on.
#pragma once

#include <functional>

#include "daemon/http/asio_types.h"
#include "schema/base/thread_pool.h"

namespace mreg::http {

// Confined to the strand of `executor`; one call at a time. It must outlive its call: whoever
// starts one waits for it.
class Offload {
 public:
  Offload(ThreadPool& workers, const Executor& executor);

  // Not while a call is under way. `call` must not throw.
  void Start(std::function<void()> call);

  // Returns once the call has; at once if there is none.
  Awaitable<> Wait();

  // Destroys what may block in its destructor where that does no harm. Nobody waits for it.
  template <typename T>
  void Discard(std::unique_ptr<T> object) {
    if (object == nullptr) return;
    workers_.Schedule([shared = std::shared_ptr<T>(std::move(object))] {});
  }

 private:
  ThreadPool& workers_;
  Executor executor_;
  Timer returned_;  // never fires; cancelled to wake the waiting coroutine
  bool busy_ = false;
};

}  // namespace mreg::http
