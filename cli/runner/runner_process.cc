#include "cli/runner/runner_process.h"

#include <fmt/format.h>

#include "schema/base/status.h"

namespace mreg::runner {
namespace {

std::string LastLine(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return std::string(text.substr(text.rfind('\n') + 1));
}

}  // namespace

absl::StatusOr<std::unique_ptr<RunnerProcess>> RunnerProcess::Start(
    const std::vector<std::string>& command, const RunnerLimits& limits) {
  MREG_ASSIGN_OR_RETURN(auto process, process::Process::Start(command, {.memory = limits.memory}));
  std::unique_ptr<RunnerProcess> runner(new RunnerProcess(std::move(process), limits.seconds));
  const auto line = runner->process_->ReceiveLine(limits.seconds);
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

absl::StatusOr<Answer> RunnerProcess::Ask(const Request& request) {
  MREG_RETURN_IF_ERROR(process_->Send(FormatRequest(request)));
  MREG_ASSIGN_OR_RETURN(const std::string line, process_->ReceiveLine(seconds_));
  return ParseAnswer(line);
}

}  // namespace mreg::runner
