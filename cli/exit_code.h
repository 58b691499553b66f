// What mreg tells the shell: one table from the kind of error to a number, documented in mreg(1).
#pragma once

#include <span>
#include <string_view>

#include "absl/status/status.h"

namespace mreg::cli {

enum class ExitCode : int {
  kOk = 0,
  kDifferences = 1,
  kUsage = 2,
  kNotFound = 3,
  kNotAllowed = 4,
  kVerificationFailed = 5,
  kConflict = 6,
  kNetwork = 7,
  kOther = 8,
  kInterrupted = 130,   // 128 + SIGINT, as shells have it
  kOutputClosed = 141,  // 128 + SIGPIPE
};

ExitCode ExitCodeOf(absl::StatusCode code);

struct ExitCodeText {
  ExitCode code;
  std::string_view meaning;
};
// All of them, for the manual.
std::span<const ExitCodeText> ExitCodeTexts();

}  // namespace mreg::cli
