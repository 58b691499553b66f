// Asking a registry, wherever it is, what it knows.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/registry/knowledge.h"
#include "storage/sync/connect.h"

namespace mreg::sync {

// What is asked for over HTTP: a path and the parameters behind it, as text.
struct ApiQuestion {
  std::string path;
  std::vector<std::pair<std::string, std::string>> parameters;
};

// The API's answer, JSON. `url` is "http(s)://host[:port]" or "file:///folder". Of a folder that
// nobody serves the catalog is brought up to date, and `answer` makes the answer. Errors are those
// of Connect, of `answer` and of the API.
absl::StatusOr<std::string> AskRegistry(
    std::string_view url, const TokenFor& token_for, const ApiQuestion& question,
    const std::function<absl::StatusOr<std::string>(registry::Knowledge&)>& answer);

}  // namespace mreg::sync
