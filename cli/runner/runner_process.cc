#include "cli/runner/runner_process.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <utility>

#include "schema/base/status.h"

namespace mreg::runner {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr rlim_t kMaxFileBytes = rlim_t{1} << 30;
constexpr size_t kMaxLineBytes = size_t{4} << 30;
constexpr off_t kLastWordsBytes = 2000;

void Limit(int resource, rlim_t value) {
  const struct rlimit limit = {value, value};
  setrlimit(static_cast<decltype(RLIMIT_CORE)>(resource), &limit);
}

// In the child, where only what is safe in signal handlers may be called.
[[noreturn]] void Become(const std::vector<char*>& arguments, int channel, int errors,
                         const RunnerLimits& limits) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  Limit(RLIMIT_CORE, 0);
  Limit(RLIMIT_FSIZE, kMaxFileBytes);
  if (limits.memory > 0) Limit(RLIMIT_AS, limits.memory);
  dup2(channel, STDIN_FILENO);
  dup2(channel, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  execvp(arguments[0], arguments.data());
  constexpr int kNotFound = 127;  // as shells have it
  _exit(kNotFound);
}

std::string LastLine(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return std::string(text.substr(text.rfind('\n') + 1));
}

}  // namespace

std::string Ending::Text() const {
  if (timed_out) return "timed out";
  if (signal != 0) return fmt::format("crashed: signal {} ({})", signal, strsignal(signal));
  return fmt::format("ended with exit code {}", exit_code);
}

absl::StatusOr<std::unique_ptr<RunnerProcess>> RunnerProcess::Start(
    const std::vector<std::string>& command, const RunnerLimits& limits) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  int channel[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) != 0) {
    return ErrnoStatus(errno, "make a socket");
  }
  const int errors = memfd_create("runner", MFD_CLOEXEC);
  const pid_t process = errors < 0 ? -1 : fork();
  if (process == 0) Become(arguments, channel[1], errors, limits);
  const int error = errno;
  close(channel[1]);
  if (process < 0) {
    close(channel[0]);
    if (errors >= 0) close(errors);
    return ErrnoStatus(error, "start the runner");
  }
  std::unique_ptr<RunnerProcess> runner(new RunnerProcess(process, channel[0], errors, limits));
  const auto line = runner->ReceiveLine();
  if (!line.ok()) {
    const std::string said = runner->ending() ? LastLine(runner->ending()->last_words) : "";
    return absl::FailedPreconditionError(
        fmt::format("the runner {} did not start: {}{}{}", command[0],
                    runner->ending() ? runner->ending()->Text() : MessageOf(line.status()),
                    said.empty() ? "" : ": ", said));
  }
  MREG_ASSIGN_OR_RETURN(const Answer answer, ParseAnswer(*line));
  if (const auto* const failed = std::get_if<FailedAnswer>(&answer)) {
    return absl::FailedPreconditionError(failed->message);
  }
  const auto* const ready = std::get_if<ReadyAnswer>(&answer);
  if (ready == nullptr)
    return absl::InvalidArgumentError("the runner did not say that it is ready");
  runner->ready_ = *ready;
  return runner;
}

RunnerProcess::~RunnerProcess() {
  if (process_ > 0) {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  close(channel_);
  close(errors_);
}

absl::StatusOr<Answer> RunnerProcess::Ask(const Request& request) {
  if (ending_) return absl::UnavailableError("the runner has ended");
  MREG_RETURN_IF_ERROR(Send(FormatRequest(request)));
  MREG_ASSIGN_OR_RETURN(const std::string line, ReceiveLine());
  return ParseAnswer(line);
}

absl::Status RunnerProcess::Send(std::string_view line) {
  while (!line.empty()) {
    const ssize_t sent = send(channel_, line.data(), line.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return End(false);
    line.remove_prefix(static_cast<size_t>(sent));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> RunnerProcess::ReceiveLine() {
  const auto deadline = SteadyClock::now() + std::chrono::duration<double>(limits_.seconds);
  constexpr size_t kBlockBytes = 1 << 16;
  std::vector<char> block(kBlockBytes);
  size_t looked = 0;
  for (;;) {
    const size_t end = received_.find('\n', looked);
    if (end != std::string::npos) {
      std::string line = received_.substr(0, end);
      received_.erase(0, end + 1);
      return line;
    }
    looked = received_.size();
    if (received_.size() > kMaxLineBytes) return absl::InvalidArgumentError("an endless answer");
    const std::chrono::duration<double, std::milli> left = deadline - SteadyClock::now();
    struct pollfd wait = {channel_, POLLIN, 0};
    const int ready = left.count() <= 0 ? 0 : poll(&wait, 1, static_cast<int>(left.count()) + 1);
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) return End(true);
    const ssize_t got = recv(channel_, block.data(), block.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return End(false);
    received_.append(block.data(), static_cast<size_t>(got));
  }
}

absl::Status RunnerProcess::End(bool timed_out) {
  // It has closed its output: it is on its way out, or it never will be.
  constexpr int kPatienceMs = 2000;
  constexpr int kStepMs = 10;
  int status = 0;
  pid_t ended = timed_out ? 0 : waitpid(process_, &status, WNOHANG);
  for (int waited = 0; ended == 0 && !timed_out && waited < kPatienceMs; waited += kStepMs) {
    poll(nullptr, 0, kStepMs);
    ended = waitpid(process_, &status, WNOHANG);
  }
  if (ended == 0) {
    kill(process_, SIGKILL);
    waitpid(process_, &status, 0);
  }
  process_ = -1;
  ending_ = Ending{timed_out, WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                   WIFEXITED(status) ? WEXITSTATUS(status) : 0, LastWords()};
  return absl::UnavailableError(fmt::format("the runner {}", ending_->Text()));
}

std::string RunnerProcess::LastWords() const {
  struct stat info {};
  if (fstat(errors_, &info) != 0) return "";
  const off_t from = std::max<off_t>(info.st_size - kLastWordsBytes, 0);
  std::string text(static_cast<size_t>(info.st_size - from), '\0');
  const ssize_t got = pread(errors_, text.data(), text.size(), from);
  text.resize(got < 0 ? 0 : static_cast<size_t>(got));
  return text;
}

}  // namespace mreg::runner
