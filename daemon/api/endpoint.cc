#include "daemon/api/endpoint.h"

#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <optional>

#include "schema/base/base64.h"
#include "schema/base/status.h"

namespace mreg::api {
namespace {

bool StartsWithIgnoringCase(std::string_view text, std::string_view prefix) {
  if (text.size() < prefix.size()) return false;
  for (size_t i = 0; i < prefix.size(); ++i) {
    if ((text[i] | 0x20) != (prefix[i] | 0x20)) return false;
  }
  return true;
}

// The password in "Basic <base64 of user:password>"; git-lfs and curl know no other way.
std::optional<std::string> BasicPassword(std::string_view encoded) {
  const auto decoded = Base64Decode(encoded);
  const size_t colon = decoded ? decoded->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  return decoded->substr(colon + 1);
}

std::optional<std::string> TokenIn(std::string_view authorization) {
  if (StartsWithIgnoringCase(authorization, "Bearer ")) {
    return std::string(authorization.substr(7));
  }
  if (StartsWithIgnoringCase(authorization, "Basic ")) {
    return BasicPassword(authorization.substr(6));
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<registry::RepositoryName> Call::Repository() const {
  return registry::RepositoryName::Parse(
      fmt::format("{}/{}", path.Get("namespace"), path.Get("name")));
}

absl::StatusOr<registry::Caller> Authenticate(const http::Request& request,
                                              const registry::Access& access) {
  const std::string_view authorization = request.Header("authorization");
  if (authorization.empty()) {
    return request.origin == http::Origin::kOwnerSocket ? registry::Access::Owner()
                                                        : access.Anonymous();
  }
  const auto token = TokenIn(authorization);
  if (!token) return absl::UnauthenticatedError("the credentials are of no known kind");
  return access.Authenticate(*token);
}

http::Route MakeRoute(registry::Registry& registry, std::string method, std::string pattern,
                      Action action) {
  return {std::move(method), std::move(pattern),
          [&registry, action = std::move(action)](
              const http::Request& request,
              const http::PathParameters& path) -> http::Handler::Outcome {
            auto caller = Authenticate(request, registry.access());
            if (!caller.ok()) return Problem(caller.status(), request.id);
            return action({request, path, registry, *std::move(caller)});
          }};
}

http::Route JsonRoute(registry::Registry& registry, std::string method, std::string pattern,
                      MakeBody make) {
  return MakeRoute(registry, std::move(method), std::move(pattern),
                   [make = std::move(make)](const Call& call) -> http::Handler::Outcome {
                     return TextOr(kJson, make(call), call.request);
                   });
}

http::Route JsonBodyRoute(registry::Registry& registry, std::string method, std::string pattern,
                          MakeBodyFrom make, size_t most) {
  return MakeRoute(registry, std::move(method), std::move(pattern),
                   [make = std::move(make), most](const Call& call) -> http::Handler::Outcome {
                     // The body comes after this function has returned: what the call refers to is
                     // copied.
                     return http::CollectBody(most, [make, request = call.request, path = call.path,
                                                     &registry = call.registry,
                                                     caller = call.caller](std::string body) {
                       return TextOr(kJson, make({request, path, registry, caller}, body), request);
                     });
                   });
}

absl::StatusOr<uint64_t> NumberFrom(const http::Request& request, std::string_view name,
                                    uint64_t otherwise, uint64_t max) {
  const auto text = request.Query(name);
  if (!text) return otherwise;
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error == std::errc() && end == text->data() + text->size() && number <= max) return number;
  return absl::InvalidArgumentError(fmt::format("{} is a number from 0 to {}", name, max));
}

}  // namespace mreg::api
