// From method and path to the function that answers.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/http/message.h"

namespace mreg::http {

// What stood in a pattern's braces, percent-decoded: a value may hold slashes.
class PathParameters {
 public:
  explicit PathParameters(std::vector<std::pair<std::string, std::string>> values)
      : values_(std::move(values)) {}

  // "" if the pattern has no such name; the value of a name it has is never empty.
  std::string_view Get(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

// A pattern is segments between slashes, each one of
//   text            itself, after decoding
//   {name}          any one segment that is not empty
//   {name}.git      the same, where it ends in that text with something before it
//   {name...}       the rest of the path, not empty; the last segment only
struct Route {
  std::string method;
  std::string pattern;
  std::function<Handler::Outcome(const Request&, const PathParameters&)> action;
};

// Immutable, so thread-safe as far as the actions are.
class Router {
 public:
  // Answers what no route takes: 404, or 405 with `allow` for the Allow header.
  using Failure =
      std::function<Response(const Request&, int http_status, const std::string& allow)>;

  // InvalidArgument for a malformed pattern, AlreadyExists for two routes of the same shape.
  static absl::StatusOr<Router> Create(std::vector<Route> routes, Failure failure);

  // The most literal route wins, judged from the left: text before {name}.git before {name} before
  // {name...}. The path is cut at its slashes before it is decoded, so %2F is part of a segment.
  // HEAD goes to the route of GET where there is none of its own.
  Handler::Outcome Dispatch(const Request& request) const;

 private:
  enum class Kind { kText, kSuffixed, kName, kRest };
  struct Segment {
    Kind kind;
    std::string name;
    std::string text;  // of kText, the suffix of kSuffixed
  };
  struct Entry {
    Route route;
    std::vector<Segment> segments;
  };

  Router() = default;
  static absl::StatusOr<Segment> ParseSegment(std::string_view text);
  static absl::StatusOr<std::vector<Segment>> ParsePattern(std::string_view pattern);
  static bool SameShape(const Entry& a, const Entry& b);
  static bool Before(const Entry& a, const Entry& b);
  static bool SegmentMatches(const Segment& segment, const std::string& text);
  static bool Matches(const Entry& entry, const std::vector<std::string>& path);
  static PathParameters ParametersOf(const Entry& entry, const std::vector<std::string>& path);
  const Entry* Find(std::string_view method, const std::vector<std::string>& path) const;
  std::string Allowed(const std::vector<std::string>& path) const;

  std::vector<Entry> entries_;  // the most literal first
  Failure failure_;
};

}  // namespace mreg::http
