#include "cli/runner/runner_loader.h"

#include <utility>

#include "schema/base/status.h"

namespace mreg::runner {

using targets::LoadAnswer;

absl::StatusOr<std::unique_ptr<RunnerLoader>> RunnerLoader::Start(std::vector<std::string> command,
                                                                  const RunnerLimits& limits,
                                                                  std::string provider) {
  std::unique_ptr<RunnerLoader> loader(new RunnerLoader());
  loader->command_ = std::move(command);
  loader->limits_ = limits;
  loader->provider_ = std::move(provider);
  MREG_ASSIGN_OR_RETURN(loader->process_, RunnerProcess::Start(loader->command_, limits));
  return loader;
}

absl::StatusOr<LoadAnswer> RunnerLoader::Load(ByteView model) {
  LoadRequest request;
  request.model = Bytes(model);
  // Optimisation would fold or drop the very node that is asked about.
  request.settings = {provider_, false, 1, ""};
  const auto answer = process_->Ask(request);
  if (process_->ending()) {
    MREG_ASSIGN_OR_RETURN(process_, RunnerProcess::Start(command_, limits_));
    return LoadAnswer::kCrashed;
  }
  if (!answer.ok()) return answer.status();
  const auto* const failed = std::get_if<FailedAnswer>(&*answer);
  if (failed == nullptr) return LoadAnswer::kLoads;
  switch (failed->refusal) {
    case Refusal::kUnsupported:
      return LoadAnswer::kUnsupported;
    case Refusal::kInvalid:
      return LoadAnswer::kInvalid;
    default:
      return LoadAnswer::kFailed;
  }
}

}  // namespace mreg::runner
