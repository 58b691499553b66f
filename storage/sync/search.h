// Searching a registry, wherever it is.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "storage/registry/knowledge.h"
#include "storage/sync/connect.h"

namespace mreg::sync {

// `url` is "http(s)://host[:port]" or "file:///folder". Of a folder that nobody serves the catalog
// is brought up to date first. Errors as in registry::Knowledge::Search and Connect.
absl::StatusOr<registry::Findings> SearchRegistry(std::string_view url, const TokenFor& token_for,
                                                  std::string_view query,
                                                  const catalog::Page& page);

// The API's answer to a search, one JSON object: docs/openapi.yaml.
std::string FindingsToJson(const registry::Findings& findings);
// InvalidArgument for what is no such answer.
absl::StatusOr<registry::Findings> FindingsFromJson(std::string_view json);

}  // namespace mreg::sync
