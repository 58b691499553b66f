#include "daemon/http/etag.h"

#include <fmt/format.h>

#include <algorithm>

namespace mreg::http {
namespace {

enum class Comparison { kStrong, kWeak };

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// Takes one entity tag, `W/` included, off the front of `text`; "" if there is none.
std::string_view TakeTag(std::string_view& text) {
  const size_t quote = text.starts_with("W/") ? 2 : 0;
  if (text.size() <= quote || text[quote] != '"') return {};
  const size_t end = text.find('"', quote + 1);
  if (end == std::string_view::npos) return {};
  const std::string_view tag = text.substr(0, end + 1);
  text.remove_prefix(tag.size());
  return tag;
}

bool Same(std::string_view a, std::string_view b, Comparison comparison) {
  const bool weak = a.starts_with("W/") || b.starts_with("W/");
  if (comparison == Comparison::kStrong) return !weak && a == b;
  if (a.starts_with("W/")) a.remove_prefix(2);
  if (b.starts_with("W/")) b.remove_prefix(2);
  return a == b;
}

bool ListNames(std::string_view list, std::string_view etag, Comparison comparison) {
  if (Trim(list) == "*") return true;
  while (true) {
    // A quoted tag may hold a comma, so the list cannot be split at commas first.
    list.remove_prefix(std::min(list.find_first_not_of(" \t,"), list.size()));
    const std::string_view tag = TakeTag(list);
    if (tag.empty()) return false;
    if (Same(tag, etag, comparison)) return true;
  }
}

}  // namespace

std::string StrongEtag(std::string_view opaque) { return fmt::format("\"{}\"", opaque); }

bool IfNoneMatchNames(std::string_view header, std::string_view etag) {
  return ListNames(header, etag, Comparison::kWeak);
}

bool IfMatchNames(std::string_view header, std::string_view etag) {
  return ListNames(header, etag, Comparison::kStrong);
}

bool IfRangeHolds(std::string_view header, std::string_view etag) {
  const std::string_view value = Trim(header);
  return value.empty() || Same(value, etag, Comparison::kStrong);
}

}  // namespace mreg::http
