// The request target: what stands between the method and the version.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace mreg::http {

struct Target {
  std::string raw_path;                                    // as sent
  std::string path;                                        // percent-decoded
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
};

// InvalidArgument for anything but an absolute path (or an http URL with one), for a bad escape or
// %00 anywhere, for control characters in the path, and for "." or ".." between its slashes after
// decoding: paths are never normalised, so what would need it is refused.
absl::StatusOr<Target> ParseTarget(std::string_view target);

// Nothing if an escape is not "%" and two hexadecimal digits, or is %00.
std::optional<std::string> PercentDecode(std::string_view text);

}  // namespace mreg::http
