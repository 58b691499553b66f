// Asking a registry, wherever it is, what a version came from and what came of it.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "storage/registry/lineage.h"
#include "storage/sync/connect.h"

namespace mreg::sync {

// `url` is "http(s)://host[:port]" or "file:///folder". Of a folder that nobody serves the catalog
// is brought up to date first. Errors as in registry::Knowledge::TraceLineage and Connect.
absl::StatusOr<registry::Lineage> TraceLineage(std::string_view url, const TokenFor& token_for,
                                               const registry::LineageQuestion& question);

// The API's answer, one JSON object: docs/openapi.yaml.
std::string LineageToJson(const registry::Lineage& lineage);
// InvalidArgument for what is no such answer.
absl::StatusOr<registry::Lineage> LineageFromJson(std::string_view json);

}  // namespace mreg::sync
