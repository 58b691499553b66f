#include "cli/exit_code.h"

#include <array>

namespace mreg::cli {
namespace {

constexpr std::array<ExitCodeText, 11> kTexts = {{
    {ExitCode::kOk, "It worked."},
    {ExitCode::kDifferences,
     "There are differences (diff --exit-code); a target does not support a model (check, "
     "validate)."},
    {ExitCode::kUsage, "The command was not understood, or a name or value is not valid."},
    {ExitCode::kNotFound, "What was asked for does not exist."},
    {ExitCode::kNotAllowed, "Permission denied, or no valid token."},
    {ExitCode::kVerificationFailed, "Stored or received data is damaged."},
    {ExitCode::kConflict,
     "Somebody else's change or local changes are in the way; a merge has conflicts."},
    {ExitCode::kNetwork,
     "The other side cannot be reached; the same command goes on where it stopped."},
    {ExitCode::kOther, "Anything else, such as a full disk."},
    {ExitCode::kInterrupted, "Interrupted by a signal."},
    {ExitCode::kOutputClosed, "Nobody read the output to its end."},
}};

}  // namespace

ExitCode ExitCodeOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return ExitCode::kOk;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return ExitCode::kUsage;
    case absl::StatusCode::kNotFound:
      return ExitCode::kNotFound;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return ExitCode::kNotAllowed;
    case absl::StatusCode::kDataLoss:
      return ExitCode::kVerificationFailed;
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
      return ExitCode::kConflict;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return ExitCode::kNetwork;
    default:
      return ExitCode::kOther;
  }
}

std::span<const ExitCodeText> ExitCodeTexts() { return kTexts; }

}  // namespace mreg::cli
