// What every endpoint begins with: who asks, about which repository.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "daemon/api/respond.h"
#include "daemon/http/router.h"
#include "storage/registry/registry.h"

namespace mreg::api {

struct Call {
  const http::Request& request;
  const http::PathParameters& path;
  registry::Registry& registry;
  registry::Caller caller;

  // The repository that {namespace} and {name} of the route's pattern name.
  absl::StatusOr<registry::RepositoryName> Repository() const;
};

// Whoever the request's credentials are of; the owner on the socket; else anonymous.
// Unauthenticated for credentials that are not valid.
absl::StatusOr<registry::Caller> Authenticate(const http::Request& request,
                                              const registry::Access& access);

// A route whose action is given the caller, once that is known.
using Action = std::function<http::Handler::Outcome(const Call& call)>;
http::Route MakeRoute(registry::Registry& registry, std::string method, std::string pattern,
                      Action action);

// A route that answers with what `make` returns.
using MakeBody = std::function<absl::StatusOr<std::string>(const Call& call)>;
http::Route JsonRoute(registry::Registry& registry, std::string method, std::string pattern,
                      MakeBody make);

// Enough for what settings and names come in.
inline constexpr size_t kMaxJsonBytes = 64 << 10;

// A route whose request has a JSON body, of at most `most` bytes: more is OutOfRange.
using MakeBodyFrom =
    std::function<absl::StatusOr<std::string>(const Call& call, const std::string& body)>;
http::Route JsonBodyRoute(registry::Registry& registry, std::string method, std::string pattern,
                          MakeBodyFrom make, size_t most = kMaxJsonBytes);

// The number in query parameter `name`, or `otherwise`. InvalidArgument if it is no number from 0
// to `max`.
absl::StatusOr<uint64_t> NumberFrom(const http::Request& request, std::string_view name,
                                    uint64_t otherwise, uint64_t max);

}  // namespace mreg::api
