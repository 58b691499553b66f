// A fixed set of threads that run tasks in the order they were given.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace mreg {

// Thread-safe. The destructor runs every task already scheduled, then joins the threads.
class ThreadPool {
 public:
  explicit ThreadPool(size_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Never blocks; the queue has no bound, so callers bound their own work in flight.
  void Schedule(std::function<void()> task);

  size_t size() const { return threads_.size(); }

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

// As many threads as the processor has cores, at least two.
size_t DefaultThreadCount();

}  // namespace mreg
