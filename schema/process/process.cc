#include "schema/process/process.h"

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
#include <cstring>
#include <filesystem>
#include <system_error>

#include "schema/base/status.h"

namespace mreg::process {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr off_t kLastWordsBytes = 2000;

void Limit(int resource, rlim_t soft, rlim_t hard) {
  const struct rlimit limit = {soft, hard};
  setrlimit(static_cast<decltype(RLIMIT_CORE)>(resource), &limit);
}

struct Streams {
  int in, out, errors;
};

// In the child, where only what is safe in signal handlers may be called.
[[noreturn]] void Become(const std::vector<char*>& arguments, const Streams& streams,
                         const Limits& limits) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (!limits.may_gain_privileges) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (limits.niceness != 0) setpriority(PRIO_PROCESS, 0, limits.niceness);
  Limit(RLIMIT_CORE, 0, 0);
  Limit(RLIMIT_FSIZE, limits.file_bytes, limits.file_bytes);
  if (limits.memory > 0) Limit(RLIMIT_AS, limits.memory, limits.memory);
  if (limits.cpu_seconds > 0) Limit(RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1);
  dup2(streams.in, STDIN_FILENO);
  dup2(streams.out, STDOUT_FILENO);
  dup2(streams.errors, STDERR_FILENO);
  close_range(STDERR_FILENO + 1, ~0U, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  // Where no file may be written, a message that nobody reads is no reason to die.
  if (limits.file_bytes == 0) signal(SIGXFSZ, SIG_IGN);
  execvp(arguments[0], arguments.data());
  constexpr int kNotFound = 127;  // as shells have it
  _exit(kNotFound);
}

}  // namespace

std::string Ending::Text() const {
  if (timed_out) return "timed out";
  if (signal != 0) return fmt::format("crashed: signal {} ({})", signal, strsignal(signal));
  return fmt::format("ended with exit code {}", exit_code);
}

absl::StatusOr<std::unique_ptr<Process>> Process::Start(const std::vector<std::string>& command,
                                                        const Limits& limits, int input) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  int channel[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) != 0) {
    return ErrnoStatus(errno, "make a socket");
  }
  const int errors = memfd_create("errors", MFD_CLOEXEC);
  const pid_t process = errors < 0 ? -1 : fork();
  if (process == 0) {
    Become(arguments, {input < 0 ? channel[1] : input, channel[1], errors}, limits);
  }
  const int error = errno;
  close(channel[1]);
  if (process < 0) {
    close(channel[0]);
    if (errors >= 0) close(errors);
    return ErrnoStatus(error, fmt::format("start {}", command[0]));
  }
  setpgid(process, process);  // here too, since it may have to be killed before it runs
  return std::unique_ptr<Process>(new Process(process, channel[0], errors, limits.line_bytes));
}

Process::~Process() {
  if (process_ > 0) KillAndWait();
  close(channel_);
  close(errors_);
}

absl::Status Process::Send(std::string_view line) {
  if (ending_) return absl::UnavailableError("the process has ended");
  while (!line.empty()) {
    const ssize_t sent = send(channel_, line.data(), line.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return End(false);
    line.remove_prefix(static_cast<size_t>(sent));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Process::ReceiveLine(double seconds, const std::stop_token& stop) {
  if (ending_) return absl::UnavailableError("the process has ended");
  const auto deadline = SteadyClock::now() + std::chrono::duration<double>(seconds);
  constexpr size_t kBlockBytes = 1 << 16;
  constexpr double kStepMs = 100;
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
    if (received_.size() > line_bytes_) return absl::InvalidArgumentError("an endless answer");
    if (stop.stop_requested()) return absl::CancelledError("told to stop");
    const std::chrono::duration<double, std::milli> left = deadline - SteadyClock::now();
    if (left.count() <= 0) return End(true);
    struct pollfd wait = {channel_, POLLIN, 0};
    const int ready = poll(&wait, 1, static_cast<int>(std::min(left.count(), kStepMs)) + 1);
    // Children that it has left may hold its output open.
    if (ready == 0 && HasExited() && poll(&wait, 1, 0) == 0) return End(false);
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    const ssize_t got = recv(channel_, block.data(), block.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return End(false);
    received_.append(block.data(), static_cast<size_t>(got));
  }
}

bool Process::HasExited() const {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == process_;
}

// It is waited for last: until then its number is that of its group and of nothing else.
int Process::KillAndWait() {
  int status = 0;
  kill(-process_, SIGKILL);
  waitpid(process_, &status, 0);
  process_ = -1;
  return status;
}

absl::Status Process::End(bool timed_out) {
  // It has closed its output: it is on its way out, or it never will be.
  constexpr int kPatienceMs = 2000;
  constexpr int kStepMs = 10;
  for (int waited = 0; !timed_out && !HasExited() && waited < kPatienceMs; waited += kStepMs) {
    poll(nullptr, 0, kStepMs);
  }
  const int status = KillAndWait();
  const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  ending_ = Ending{timed_out || signal == SIGXCPU, signal,
                   WIFEXITED(status) ? WEXITSTATUS(status) : 0, LastWords()};
  return absl::UnavailableError(fmt::format("the process {}", ending_->Text()));
}

std::string Process::LastWords() const {
  struct stat info {};
  if (fstat(errors_, &info) != 0) return "";
  const off_t from = std::max<off_t>(info.st_size - kLastWordsBytes, 0);
  std::string text(static_cast<size_t>(info.st_size - from), '\0');
  const ssize_t got = pread(errors_, text.data(), text.size(), from);
  text.resize(got < 0 ? 0 : static_cast<size_t>(got));
  return text;
}

absl::StatusOr<std::string> ProgramBeside(std::string_view name) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto program = self.parent_path() / name;
  if (error || !std::filesystem::exists(program, error)) {
    return absl::FailedPreconditionError(
        fmt::format("there is no {}: it comes with mreg", program.string()));
  }
  return program.string();
}

}  // namespace mreg::process
