// Asks a runner's runtime what it loads, model after model.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/runner/runner_process.h"
#include "schema/targets/probe.h"

namespace mreg::runner {

// Starts the runner anew after each model that ends it.
class RunnerLoader final : public targets::ModelLoader {
 public:
  // Of Start. `provider`: "" for the CPU.
  static absl::StatusOr<std::unique_ptr<RunnerLoader>> Start(std::vector<std::string> command,
                                                             const RunnerLimits& limits,
                                                             std::string provider);

  const ReadyAnswer& ready() const { return process_->ready(); }

  absl::StatusOr<targets::LoadAnswer> Load(ByteView model) override;

 private:
  RunnerLoader() = default;

  std::vector<std::string> command_;
  RunnerLimits limits_;
  std::string provider_;
  std::unique_ptr<RunnerProcess> process_;
};

}  // namespace mreg::runner
