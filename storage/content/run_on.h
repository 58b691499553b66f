// A task's result as a future.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <utility>

#include "schema/base/thread_pool.h"

namespace mreg::content {

template <typename Task>
auto RunOn(ThreadPool& pool, Task task) {
  using Result = std::invoke_result_t<Task>;
  auto packaged = std::make_shared<std::packaged_task<Result()>>(std::move(task));
  auto result = packaged->get_future();
  pool.Schedule([packaged] { (*packaged)(); });
  return result;
}

}  // namespace mreg::content
