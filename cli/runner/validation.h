// Runs a model in a runner and tells how it went.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/runner/runner_process.h"
#include "cli/runner/tensor_compare.h"
#include "schema/base/file_system.h"

namespace mreg::runner {

struct ValidationSettings {
  std::vector<std::string> command;  // the runner's
  RunnerLimits limits;
  std::string provider;  // "" for the CPU
  Tolerance tolerance;
  std::string inputs;   // a folder with input_N.pb or .npy and perhaps output_N; "": generated
  std::string scratch;  // a folder for what the runtime writes
};

struct Validation {
  enum class Result {
    kPassed,     // ran, and gave what it should where that is known
    kDiffers,    // ran, but gave something else
    kRefused,    // the runtime did not load it
    kRunFailed,  // loaded, but did not run
    kCrashed,    // ended the runner
    kTimedOut,
    kNotSupported  // takes or gives what is no tensor: the protocol does not carry that
  };

  Result result = Result::kPassed;
  std::string message;  // of what did not pass
  ReadyAnswer runtime;
  double load_seconds = 0;
  double run_seconds = 0;
  uint64_t peak_bytes = 0;  // of the runner's memory; 0: not known
  std::vector<ProviderUse> providers;
  std::vector<Tensor> outputs;
  std::vector<Comparison> comparisons;  // of outputs whose wanted values are known
};

// "passed", "differs", "refused", "run failed", "crashed", "timed out",
// "not supported by the runner"
std::string_view ResultName(Validation::Result result);

// One process for one run. What the model or the runtime does is a result; errors are those of
// starting the runner and of reading the inputs.
absl::StatusOr<Validation> Validate(FileSystem& fs, const std::string& model,
                                    const ValidationSettings& settings);

}  // namespace mreg::runner
