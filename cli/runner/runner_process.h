// A runner as a process of its own, with limits: what it does to itself, it does not do to mreg.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/runner/protocol.h"

namespace mreg::runner {

struct RunnerLimits {
  double seconds = 60;  // for one answer
  uint64_t memory = 0;  // address space in bytes; 0: no limit
};

// How a runner's process ended while something was asked of it.
struct Ending {
  bool timed_out = false;
  int signal = 0;  // that killed it; 0: it exited
  int exit_code = 0;
  std::string last_words;  // the end of what it wrote to its standard error

  // "crashed: signal 11 (Segmentation fault)", "timed out", "ended with exit code 1".
  std::string Text() const;
};

// One thread at a time. The destructor kills the process.
class RunnerProcess {
 public:
  // `command` is a program's path, or a name to be found in PATH, and its arguments. Returns once
  // it is ready. FailedPrecondition, with what it says, if it does not become so.
  static absl::StatusOr<std::unique_ptr<RunnerProcess>> Start(
      const std::vector<std::string>& command, const RunnerLimits& limits);
  ~RunnerProcess();
  RunnerProcess(const RunnerProcess&) = delete;
  RunnerProcess& operator=(const RunnerProcess&) = delete;

  const ReadyAnswer& ready() const { return ready_; }

  // Unavailable once the process has ended, as ending() then tells; InvalidArgument for an answer
  // that is not in the protocol.
  absl::StatusOr<Answer> Ask(const Request& request);

  const std::optional<Ending>& ending() const { return ending_; }

 private:
  RunnerProcess(pid_t process, int channel, int errors, const RunnerLimits& limits)
      : process_(process), channel_(channel), errors_(errors), limits_(limits) {}
  absl::Status Send(std::string_view line);
  absl::StatusOr<std::string> ReceiveLine();
  absl::Status End(bool timed_out);
  std::string LastWords() const;

  pid_t process_;
  const int channel_;  // a socket: the runner's standard input and output
  const int errors_;   // a file in memory: its standard error
  const RunnerLimits limits_;
  std::string received_;
  ReadyAnswer ready_;
  std::optional<Ending> ending_;
};

}  // namespace mreg::runner
