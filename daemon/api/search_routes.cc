#include "daemon/api/endpoint.h"
#include "daemon/api/routes.h"
#include "schema/base/status.h"
#include "storage/sync/search.h"

namespace mreg::api {
namespace {

constexpr uint64_t kMaxPage = 1'000;
constexpr uint64_t kDefaultPage = 20;

absl::StatusOr<std::string> Search(const Call& call) {
  catalog::Page page;
  MREG_ASSIGN_OR_RETURN(page.limit, NumberFrom(call.request, "limit", kDefaultPage, kMaxPage));
  page.before = call.request.Query("before").value_or("");
  page.has_facets = call.request.Query("facets") == "true";
  MREG_ASSIGN_OR_RETURN(
      const registry::Findings findings,
      call.registry.knowledge().Search(call.caller, call.request.Query("q").value_or(""), page));
  return sync::FindingsToJson(findings);
}

absl::StatusOr<std::string> Rebuild(const Call& call) {
  MREG_RETURN_IF_ERROR(call.registry.knowledge().Rebuild(call.caller));
  return "{}";
}

}  // namespace

void AddSearchRoutes(registry::Registry& registry, std::vector<http::Route>& routes) {
  routes.push_back(JsonRoute(registry, "GET", "/api/v1/search", Search));
  routes.push_back(JsonRoute(registry, "POST", "/api/v1/catalog/rebuild", Rebuild));
}

}  // namespace mreg::api
