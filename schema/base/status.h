// Passing errors up. absl::Status is the error type of every call that can fail; its code is what
// callers branch on, its message says what was being done, to what.
#pragma once

#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mreg {

// The status for a failed system call while doing `action`, e.g. "open /x/y". ENOENT is NotFound,
// EACCES, EPERM and EROFS are PermissionDenied, ENOSPC and EDQUOT are ResourceExhausted, EEXIST
// is AlreadyExists, EIO is DataLoss; any other is Internal.
absl::Status ErrnoStatus(int error, std::string_view action);

// Abseil's packages are built with a string_view of their own; this is the message as the
// standard's. Valid as long as `status`.
std::string_view MessageOf(const absl::Status& status);

// `status` with "`context`: " before its message; OK stays OK.
absl::Status Annotate(const absl::Status& status, std::string_view context);

}  // namespace mreg

#define MREG_CONCAT_INNER(a, b) a##b
#define MREG_CONCAT(a, b) MREG_CONCAT_INNER(a, b)

#define MREG_RETURN_IF_ERROR(expression) \
  MREG_RETURN_IF_ERROR_(MREG_CONCAT(mreg_status_, __LINE__), expression)
#define MREG_RETURN_IF_ERROR_(status, expression)   \
  do {                                              \
    if (auto status = (expression); !status.ok()) { \
      return status;                                \
    }                                               \
  } while (false)

#define MREG_ASSIGN_OR_RETURN(declaration, expression) \
  MREG_ASSIGN_OR_RETURN_(MREG_CONCAT(mreg_result_, __LINE__), declaration, expression)
#define MREG_ASSIGN_OR_RETURN_(result, declaration, expression) \
  auto result = (expression);                                   \
  if (!result.ok()) return std::move(result).status();          \
  declaration = *std::move(result)
