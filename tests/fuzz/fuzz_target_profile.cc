// Any bytes as a target's profile: refused, or the same when it is written and read again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "schema/targets/profile.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto profile = mreg::targets::ParseProfile(text);
  const auto head = mreg::targets::ParseProfileHead(text);
  if (!profile.ok()) return 0;
  if (!head.ok()) std::abort();
  const auto again = mreg::targets::ParseProfile(mreg::targets::FormatProfile(*profile));
  if (!again.ok() || *again != *profile) std::abort();
  return 0;
}
