// A Remote behind mregd's HTTP API: docs/openapi.yaml.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "storage/registry/names.h"
#include "storage/sync/remote.h"

namespace mreg::sync {

struct HttpEndpoint {
  std::string base_url;     // "http://127.0.0.1:7878" or "https://host"; without a path
  std::string unix_socket;  // a path: connect there, whatever base_url says
  std::string token;        // empty: anonymous
};

std::unique_ptr<Remote> MakeHttpRemote(const HttpEndpoint& endpoint,
                                       const registry::RepositoryName& repository);

// GET or another method with a JSON body (empty: none) on the same API, for administration and
// login. Errors as in Remote; Unavailable too if the answer does not begin within `patience`.
absl::StatusOr<std::string> CallApi(const HttpEndpoint& endpoint, const std::string& method,
                                    const std::string& path, const std::string& json,
                                    std::chrono::seconds patience = std::chrono::seconds(60));

}  // namespace mreg::sync
