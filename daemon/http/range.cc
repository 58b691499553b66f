#include "daemon/http/range.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

namespace mreg::http {
namespace {

constexpr std::string_view kUnit = "bytes=";

bool HasUnit(std::string_view header) {
  return header.size() > kUnit.size() &&
         std::equal(kUnit.begin(), kUnit.end(), header.begin(), [](char expected, char given) {
           return given == expected || (given >= 'A' && given <= 'Z' && given + 32 == expected);
         });
}

std::string_view Trim(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// Nothing unless `digits` are one digit or more. Any number of them is valid, so what is too large
// to count becomes the largest number: past every end all the same.
std::optional<uint64_t> ParsePosition(std::string_view digits) {
  constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
  if (digits.empty()) return std::nullopt;
  uint64_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    const uint64_t digit = c - '0';
    value = value > (kMost - digit) / 10 ? kMost : value * 10 + digit;
  }
  return value;
}

RangeAnswer Whole(uint64_t size) { return {RangeKind::kWhole, {0, size}}; }
RangeAnswer Unsatisfiable() { return {RangeKind::kUnsatisfiable, {}}; }

RangeAnswer Suffix(std::string_view digits, uint64_t size) {
  const auto length = ParsePosition(digits);
  if (!length) return Whole(size);
  if (*length == 0) return Unsatisfiable();
  // The last bytes of nothing are all of it, and no Content-Range could name them.
  if (size == 0) return Whole(size);
  const uint64_t taken = std::min(*length, size);
  return {RangeKind::kPart, {size - taken, taken}};
}

RangeAnswer FromTo(std::string_view first_digits, std::string_view last_digits, uint64_t size) {
  const auto first = ParsePosition(first_digits);
  const auto last =
      last_digits.empty() ? std::numeric_limits<uint64_t>::max() : ParsePosition(last_digits);
  if (!first || !last || *last < *first) return Whole(size);
  if (*first >= size) return Unsatisfiable();
  return {RangeKind::kPart, {*first, std::min(*last, size - 1) - *first + 1}};
}

}  // namespace

RangeAnswer ParseRange(std::string_view header, uint64_t size) {
  if (!HasUnit(header)) return Whole(size);
  const std::string_view spec = Trim(header.substr(kUnit.size()));
  const size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return Whole(size);
  if (dash == 0) return Suffix(spec.substr(1), size);
  return FromTo(spec.substr(0, dash), spec.substr(dash + 1), size);
}

std::string ContentRange(const ByteRange& range, uint64_t size) {
  return fmt::format("bytes {}-{}/{}", range.first, range.first + range.length - 1, size);
}

std::string UnsatisfiedContentRange(uint64_t size) { return fmt::format("bytes */{}", size); }

}  // namespace mreg::http
