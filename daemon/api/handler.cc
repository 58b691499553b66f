#include "daemon/api/handler.h"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "daemon/api/respond.h"
#include "daemon/api/routes.h"
#include "daemon/http/router.h"
#include "daemon/http/target.h"
#include "schema/base/status.h"
#include "storage/sync/problem.h"

namespace mreg::api {
namespace {

http::Response NoRoute(const http::Request& request, int http_status, const std::string& allow) {
  if (http_status == 404) {
    return Problem(absl::NotFoundError("the API has nothing at this path"), request.id);
  }
  http::Response response = HttpProblem(http_status, fmt::format("this path takes {} only", allow));
  response.headers.emplace_back("Allow", allow);
  return response;
}

// Patterns are constants: a malformed one is a mistake in this program.
http::Router RouterOf(registry::Registry& registry) {
  auto router = http::Router::Create(AllRoutes(registry), NoRoute);
  if (!router.ok()) std::abort();
  return *std::move(router);
}

class ApiHandler final : public http::Handler {
 public:
  explicit ApiHandler(registry::Registry& registry) : router_(RouterOf(registry)) {}

  Outcome Start(const http::Request& request) override { return router_.Dispatch(request); }
  http::Response Failure(const http::Request& request, const absl::Status& status) override {
    return Problem(status, request.id);
  }
  http::Response ProtocolFailure(int http_status, std::string_view detail) override {
    return HttpProblem(http_status, detail);
  }

 private:
  const http::Router router_;
};

}  // namespace

std::vector<http::Route> AllRoutes(registry::Registry& registry) {
  std::vector<http::Route> routes;
  AddSystemRoutes(registry, routes);
  AddBrowseRoutes(registry, routes);
  AddAttestationRoutes(registry, routes);
  AddModelRoutes(registry, routes);
  AddSearchRoutes(registry, routes);
  AddLineageRoutes(registry, routes);
  AddSyncRoutes(registry, routes);
  AddAdminRoutes(registry, routes);
  AddGcRoutes(registry, routes);
  AddOptimizeRoutes(registry, routes);
  return routes;
}

std::unique_ptr<http::Handler> MakeApiHandler(registry::Registry& registry) {
  return std::make_unique<ApiHandler>(registry);
}

absl::StatusOr<std::string> CallInProcess(http::Handler& handler, const std::string& method,
                                          const std::string& path, const std::string& json) {
  http::Request request;
  request.method = method;
  MREG_ASSIGN_OR_RETURN(http::Target target, http::ParseTarget(path));
  request.raw_path = std::move(target.raw_path);
  request.path = std::move(target.path);
  request.query = std::move(target.query);
  request.origin = http::Origin::kOwnerSocket;
  request.content_length = json.size();
  auto outcome = handler.Start(request);
  http::Response response;
  if (auto* const receiver = std::get_if<std::unique_ptr<http::BodyReceiver>>(&outcome)) {
    MREG_RETURN_IF_ERROR((*receiver)->Write(json));
    response = (*receiver)->Finish();
  } else {
    response = std::get<http::Response>(std::move(outcome));
  }
  std::string* const body = std::get_if<std::string>(&response.body);
  if (body == nullptr) return absl::InternalError("the answer is a stream");
  if (response.status >= 300) return sync::ParseProblem(response.status, *body);
  return std::move(*body);
}

}  // namespace mreg::api
