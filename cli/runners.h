// How runners are started.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/arguments.h"

namespace mreg::cli {

// mreg-runner-ort, which lies beside mreg, with `library`; or --runner's command with it, where
// mreg-runner-NAME without a folder means one that lies beside mreg, if there is one.
// FailedPrecondition if it is not there.
absl::StatusOr<std::vector<std::string>> RunnerCommand(const Arguments& arguments,
                                                       const std::string& library);

// SHA-256 of a file in hex; "" where it cannot be read.
std::string FileDigest(const std::string& path);

}  // namespace mreg::cli
