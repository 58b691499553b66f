#include "schema/base/ids.h"

#include <fmt/format.h>

namespace mreg::internal {

absl::Status WrongIdLength(std::string_view kind, size_t expected, size_t actual) {
  return absl::InvalidArgumentError(
      fmt::format("a {} has {} bytes, not {}", kind, expected, actual));
}

absl::Status WrongIdText(std::string_view kind, size_t expected) {
  return absl::InvalidArgumentError(
      fmt::format("not a {}: {} lower-case hex digits expected", kind, 2 * expected));
}

}  // namespace mreg::internal
