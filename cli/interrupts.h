// What happens on Ctrl-C. Everything on disk survives a process that ends at any moment, so the
// process simply ends, with exit code 130; only lock files need the short steps that hold them to
// be finished first.
#pragma once

#include <functional>
#include <mutex>
#include <thread>

namespace mreg::cli {

// One a process, made before it starts other threads: SIGINT, SIGTERM and SIGHUP (those that are
// not ignored) go to a thread of its own while it lives. Thread-safe.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  // While one lives, a first signal waits for its end, and says so on a terminal. A second signal
  // waits for nothing.
  class Hold {
   public:
    explicit Hold(Interrupts& interrupts);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    Interrupts& interrupts_;
  };

  // Ends the process if a signal waits: to be called, inside a hold, wherever nothing is half done.
  void EndIfPending();

  // Called before a signal ends the process: within no hold, unless it is the second signal.
  // nullptr: nothing is called any more once this returns.
  void SetCleanup(std::function<void()> cleanup);

 private:
  void Watch();
  void Receive();
  [[noreturn]] void End();

  std::mutex mutex_;
  std::function<void()> cleanup_;
  int holds_ = 0;
  bool is_pending_ = false;
  bool is_stopping_ = false;
  std::thread watcher_;
};

}  // namespace mreg::cli
