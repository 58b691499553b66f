// Any request target: it is refused, or its path is absolute and free of what a file system or a
// log would trip over.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "daemon/http/target.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

bool HasSegment(const std::string& path, std::string_view segment) {
  return (path + "/").find("/" + std::string(segment) + "/") != std::string::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto target = mreg::http::ParseTarget(text);
  if (!target.ok()) {
    Require(target.status().code() == absl::StatusCode::kInvalidArgument);
    return 0;
  }
  Require(target->path.starts_with('/') && target->raw_path.starts_with('/'));
  Require(!HasSegment(target->path, ".") && !HasSegment(target->path, ".."));
  Require(std::ranges::none_of(target->path, [](unsigned char c) { return c < 0x20; }));
  Require(mreg::http::PercentDecode(target->raw_path) == target->path);
  for (const auto& [name, value] : target->query) {
    Require(name.find('\0') == std::string::npos || text.find('\0') != std::string::npos);
    Require(value.size() <= text.size());
  }
  return 0;
}
