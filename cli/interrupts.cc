#include "cli/interrupts.h"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <string_view>
#include <utility>

#include "cli/exit_code.h"

namespace mreg::cli {
namespace {

// Wakes the watching thread at the end.
constexpr int kStopSignal = SIGUSR1;

bool IsIgnored(int signal) {
  struct sigaction action {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

sigset_t WatchedSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, kStopSignal);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    // nohup and shells in the background mean it.
    if (!IsIgnored(signal)) sigaddset(&signals, signal);
  }
  return signals;
}

// In place of a progress bar, past the stream that other threads may be using.
void Show(std::string_view line) {
  const std::string text = fmt::format("\r\x1b[K{}", line);
  if (isatty(STDERR_FILENO)) (void)!write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

Interrupts::Interrupts() {
  const sigset_t signals = WatchedSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  watcher_ = std::thread([this] { Watch(); });
}

Interrupts::~Interrupts() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  pthread_kill(watcher_.native_handle(), kStopSignal);
  watcher_.join();
  const sigset_t signals = WatchedSignals();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

void Interrupts::SetCleanup(std::function<void()> cleanup) {
  const std::lock_guard lock(mutex_);
  cleanup_ = std::move(cleanup);
}

void Interrupts::EndIfPending() {
  const std::lock_guard lock(mutex_);
  if (is_pending_) End();
}

void Interrupts::Watch() {
  const sigset_t signals = WatchedSignals();
  while (true) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (signal != kStopSignal) Receive();
    const std::lock_guard lock(mutex_);
    if (is_stopping_) return;
  }
}

void Interrupts::Receive() {
  const std::lock_guard lock(mutex_);
  if (holds_ == 0 || is_pending_) End();
  is_pending_ = true;
  Show("mreg: ending after this step; once more to end now\n");
}

// With the lock held, so that nothing begins that the end would cut.
void Interrupts::End() {
  if (cleanup_) cleanup_();
  Show("");
  _exit(static_cast<int>(ExitCode::kInterrupted));
}

Interrupts::Hold::Hold(Interrupts& interrupts) : interrupts_(interrupts) {
  const std::lock_guard lock(interrupts_.mutex_);
  ++interrupts_.holds_;
}

Interrupts::Hold::~Hold() {
  const std::lock_guard lock(interrupts_.mutex_);
  if (--interrupts_.holds_ == 0 && interrupts_.is_pending_) interrupts_.End();
}

}  // namespace mreg::cli
