// What helps against an error. Libraries say what went wrong; only the command line knows which
// command comes next.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace mreg::cli {

// `status` with an advice to be shown below its message. OK stays OK; an advice given nearer to
// the cause stays.
absl::Status WithHint(absl::Status status, std::string_view hint);

std::optional<std::string> HintOf(const absl::Status& status);

}  // namespace mreg::cli
