#include "daemon/http/target.h"

#include <algorithm>

namespace mreg::http {
namespace {

std::optional<int> HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

// RFC 9112, 3.2.2: a server takes the absolute form too.
std::string_view WithoutAuthority(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const size_t slash = target.find('/', scheme.size());
    return slash == std::string_view::npos ? std::string_view() : target.substr(slash);
  }
  return target;
}

bool HasDotSegment(std::string_view path) {
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, slash);
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return false;
}

bool HasControlCharacter(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// In a query a plus is a space (application/x-www-form-urlencoded).
std::optional<std::string> DecodeQueryText(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  return PercentDecode(spaced);
}

absl::Status ParseQuery(std::string_view text,
                        std::vector<std::pair<std::string, std::string>>& query) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    auto name = DecodeQueryText(pair.substr(0, equals));
    auto value = DecodeQueryText(pair.substr(std::min(equals + 1, pair.size())));
    if (!name || !value) return absl::InvalidArgumentError("the query has a bad percent escape");
    query.emplace_back(*std::move(name), *std::move(value));
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<std::string> PercentDecode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const auto high = HexDigit(text[i + 1]), low = HexDigit(text[i + 2]);
    if (!high || !low || (*high == 0 && *low == 0)) return std::nullopt;
    decoded.push_back(static_cast<char>(*high << 4 | *low));
    i += 2;
  }
  return decoded;
}

absl::StatusOr<Target> ParseTarget(std::string_view text) {
  text = WithoutAuthority(text);
  if (!text.starts_with('/')) return absl::InvalidArgumentError("the target is not a path");
  if (text.find('#') != std::string_view::npos) {
    return absl::InvalidArgumentError("the target has a fragment");
  }
  const size_t mark = std::min(text.find('?'), text.size());
  Target target{.raw_path = std::string(text.substr(0, mark)), .path = {}, .query = {}};
  auto path = PercentDecode(target.raw_path);
  if (!path) return absl::InvalidArgumentError("the path has a bad percent escape");
  if (HasControlCharacter(*path)) {
    return absl::InvalidArgumentError("the path has a control character");
  }
  if (HasDotSegment(*path)) {
    return absl::InvalidArgumentError("the path has a segment \".\" or \"..\"");
  }
  target.path = *std::move(path);
  const auto status = ParseQuery(text.substr(std::min(mark + 1, text.size())), target.query);
  if (!status.ok()) return status;
  return target;
}

}  // namespace mreg::http
