#include "daemon/http/router.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "daemon/http/target.h"
#include "schema/base/status.h"

namespace mreg::http {
namespace {

std::vector<std::string_view> Split(std::string_view path) {
  std::vector<std::string_view> segments;
  path.remove_prefix(1);
  for (size_t slash; (slash = path.find('/')) != std::string_view::npos;) {
    segments.push_back(path.substr(0, slash));
    path.remove_prefix(slash + 1);
  }
  segments.push_back(path);
  return segments;
}

// A request's path was decoded once when its head was checked, so each segment can be.
std::vector<std::string> DecodedSegments(const Request& request) {
  std::vector<std::string> decoded;
  for (const std::string_view segment : Split(request.raw_path)) {
    decoded.push_back(PercentDecode(segment).value_or(std::string(segment)));
  }
  return decoded;
}

bool IsName(std::string_view name) {
  return !name.empty() && name.find_first_of("{}./") == std::string_view::npos;
}

}  // namespace

std::string_view PathParameters::Get(std::string_view name) const {
  for (const auto& [key, value] : values_) {
    if (key == name) return value;
  }
  return {};
}

absl::StatusOr<Router::Segment> Router::ParseSegment(std::string_view text) {
  if (!text.starts_with('{')) {
    if (text.find_first_of("{}") == std::string_view::npos) {
      return Segment{Kind::kText, {}, std::string(text)};
    }
    return absl::InvalidArgumentError(fmt::format("text before a brace in \"{}\"", text));
  }
  const size_t end = text.find('}');
  std::string_view name = text.substr(1, end == std::string_view::npos ? end : end - 1);
  const bool rest = name.ends_with("...");
  if (rest) name.remove_suffix(3);
  const std::string_view suffix =
      end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  if (end == std::string_view::npos || !IsName(name) || (rest && !suffix.empty()) ||
      suffix.find_first_of("{}") != std::string_view::npos) {
    return absl::InvalidArgumentError(fmt::format("not a parameter: \"{}\"", text));
  }
  const Kind kind = rest ? Kind::kRest : suffix.empty() ? Kind::kName : Kind::kSuffixed;
  return Segment{kind, std::string(name), std::string(suffix)};
}

absl::StatusOr<std::vector<Router::Segment>> Router::ParsePattern(std::string_view pattern) {
  if (!pattern.starts_with('/'))
    return absl::InvalidArgumentError("it does not begin with a slash");
  std::vector<Segment> segments;
  for (const std::string_view text : Split(pattern)) {
    if (!segments.empty() && segments.back().kind == Kind::kRest) {
      return absl::InvalidArgumentError("something follows its {name...}");
    }
    MREG_ASSIGN_OR_RETURN(auto segment, ParseSegment(text));
    segments.push_back(std::move(segment));
  }
  return segments;
}

bool Router::SameShape(const Entry& a, const Entry& b) {
  return a.route.method == b.route.method &&
         std::ranges::equal(a.segments, b.segments, [](const Segment& x, const Segment& y) {
           return x.kind == y.kind && x.text == y.text;
         });
}

bool Router::Before(const Entry& a, const Entry& b) {
  return std::ranges::lexicographical_compare(a.segments, b.segments, {}, &Segment::kind,
                                              &Segment::kind);
}

absl::StatusOr<Router> Router::Create(std::vector<Route> routes, Failure failure) {
  Router router;
  router.failure_ = std::move(failure);
  for (Route& route : routes) {
    auto segments = ParsePattern(route.pattern);
    if (!segments.ok()) {
      return Annotate(segments.status(), fmt::format("cannot route {}", route.pattern));
    }
    Entry entry{std::move(route), *std::move(segments)};
    for (const Entry& other : router.entries_) {
      if (!SameShape(entry, other)) continue;
      return absl::AlreadyExistsError(fmt::format("{} {} matches what {} matches",
                                                  entry.route.method, entry.route.pattern,
                                                  other.route.pattern));
    }
    router.entries_.push_back(std::move(entry));
  }
  std::ranges::stable_sort(router.entries_, Before);
  return router;
}

bool Router::SegmentMatches(const Segment& segment, const std::string& text) {
  switch (segment.kind) {
    case Kind::kText:
      return text == segment.text;
    case Kind::kSuffixed:
      return text.size() > segment.text.size() && text.ends_with(segment.text);
    case Kind::kName:
      return !text.empty();
    case Kind::kRest:
      return true;
  }
  return false;
}

bool Router::Matches(const Entry& entry, const std::vector<std::string>& path) {
  const size_t count = entry.segments.size();
  const bool rest = entry.segments.back().kind == Kind::kRest;
  if (rest ? path.size() < count : path.size() != count) return false;
  if (rest && path.size() == count && path.back().empty()) return false;
  for (size_t i = 0; i < count; ++i) {
    if (!SegmentMatches(entry.segments[i], path[i])) return false;
  }
  return true;
}

PathParameters Router::ParametersOf(const Entry& entry, const std::vector<std::string>& path) {
  std::vector<std::pair<std::string, std::string>> values;
  for (size_t i = 0; i < entry.segments.size(); ++i) {
    const Segment& segment = entry.segments[i];
    if (segment.kind == Kind::kText) continue;
    std::string value = path[i].substr(0, path[i].size() - segment.text.size());
    if (segment.kind == Kind::kRest) {
      for (size_t next = i + 1; next < path.size(); ++next) value.append("/").append(path[next]);
    }
    values.emplace_back(segment.name, std::move(value));
  }
  return PathParameters(std::move(values));
}

const Router::Entry* Router::Find(std::string_view method,
                                  const std::vector<std::string>& path) const {
  for (const Entry& entry : entries_) {
    if (entry.route.method == method && Matches(entry, path)) return &entry;
  }
  return nullptr;
}

std::string Router::Allowed(const std::vector<std::string>& path) const {
  std::set<std::string> methods;
  for (const Entry& entry : entries_) {
    if (Matches(entry, path)) methods.insert(entry.route.method);
  }
  if (methods.contains("GET")) methods.insert("HEAD");
  return fmt::format("{}", fmt::join(methods, ", "));
}

Handler::Outcome Router::Dispatch(const Request& request) const {
  const std::vector<std::string> path = DecodedSegments(request);
  const Entry* entry = Find(request.method, path);
  if (entry == nullptr && request.method == "HEAD") entry = Find("GET", path);
  if (entry != nullptr) return entry->route.action(request, ParametersOf(*entry, path));
  const std::string allow = Allowed(path);
  return failure_(request, allow.empty() ? 404 : 405, allow);
}

}  // namespace mreg::http
