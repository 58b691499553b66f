// A runner as a process of its own, with limits: what it does to itself, it does not do to mreg.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/runner/protocol.h"
#include "schema/process/process.h"

namespace mreg::runner {

struct RunnerLimits {
  double seconds = 60;  // for one answer
  uint64_t memory = 0;  // address space in bytes; 0: no limit
};

// One thread at a time. The destructor kills the process.
class RunnerProcess {
 public:
  // `command` is a program's path, or a name to be found in PATH, and its arguments. Returns once
  // it is ready. FailedPrecondition, with what it says, if it does not become so.
  static absl::StatusOr<std::unique_ptr<RunnerProcess>> Start(
      const std::vector<std::string>& command, const RunnerLimits& limits);
  RunnerProcess(const RunnerProcess&) = delete;
  RunnerProcess& operator=(const RunnerProcess&) = delete;

  const ReadyAnswer& ready() const { return ready_; }

  // Unavailable once the process has ended, as ending() then tells; InvalidArgument for an answer
  // that is not in the protocol.
  absl::StatusOr<Answer> Ask(const Request& request);

  const std::optional<process::Ending>& ending() const { return process_->ending(); }

 private:
  RunnerProcess(std::unique_ptr<process::Process> process, double seconds)
      : process_(std::move(process)), seconds_(seconds) {}

  const std::unique_ptr<process::Process> process_;
  const double seconds_;  // for one answer
  ReadyAnswer ready_;
};

}  // namespace mreg::runner
