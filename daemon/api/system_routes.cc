#include <nlohmann/json.hpp>

#include "daemon/api/endpoint.h"
#include "daemon/api/routes.h"
#include "schema/base/status.h"

namespace mreg::api {
namespace {

using Json = nlohmann::ordered_json;

absl::StatusOr<std::string> Version(const Call&) {
  return Json{{"name", "mreg"}, {"version", MREG_VERSION}, {"api", {"v1"}}}.dump();
}

absl::StatusOr<std::string> WhoAmI(const Call& call) {
  Json answer{{"name", call.caller.name}, {"role", registry::RoleName(call.caller.role)}};
  if (!call.caller.scope.empty()) answer["namespace"] = call.caller.scope;
  return answer.dump();
}

// The process answers: that is all that liveness means.
http::Handler::Outcome Healthy(const http::Request&, const http::PathParameters&) {
  return Text("text/plain; charset=utf-8", "ok\n");
}

}  // namespace

void AddSystemRoutes(registry::Registry& registry, std::vector<http::Route>& routes) {
  routes.push_back({"GET", "/healthz", Healthy});
  // Ready: the index can be read.
  routes.push_back({"GET", "/readyz",
                    [&registry](const http::Request& request,
                                const http::PathParameters&) -> http::Handler::Outcome {
                      const auto head = registry.journal().Head();
                      if (head.ok()) return Text("text/plain; charset=utf-8", "ok\n");
                      return Problem(absl::UnavailableError("the index cannot be read"),
                                     request.id);
                    }});
  routes.push_back(JsonRoute(registry, "GET", "/api/v1/version", Version));
  routes.push_back(JsonRoute(registry, "GET", "/api/v1/whoami", WhoAmI));
}

}  // namespace mreg::api
