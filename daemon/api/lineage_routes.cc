#include <string>

#include "absl/strings/numbers.h"
#include "daemon/api/endpoint.h"
#include "daemon/api/routes.h"
#include "schema/base/status.h"
#include "storage/sync/lineage.h"

namespace mreg::api {
namespace {

absl::StatusOr<std::string> Trace(const Call& call) {
  registry::LineageQuestion question;
  question.version = call.request.Query("version").value_or("");
  const std::string_view direction = call.request.Query("direction").value_or("both");
  if (direction != "up" && direction != "down" && direction != "both") {
    return absl::InvalidArgumentError("direction is up, down or both");
  }
  question.has_sources = direction != "down";
  question.has_derived = direction != "up";
  question.reference = call.request.Query("reference").value_or("");
  if (const auto least = call.request.Query("least_confidence")) {
    if (!absl::SimpleAtod(std::string(*least), &question.least_confidence)) {
      return absl::InvalidArgumentError("least_confidence is a number from 0 to 1");
    }
  }
  MREG_ASSIGN_OR_RETURN(question.most_nodes, NumberFrom(call.request, "limit", question.most_nodes,
                                                        registry::kMostLineageNodes));
  MREG_ASSIGN_OR_RETURN(const registry::Lineage lineage,
                        call.registry.knowledge().TraceLineage(call.caller, question));
  return sync::LineageToJson(lineage);
}

}  // namespace

void AddLineageRoutes(registry::Registry& registry, std::vector<http::Route>& routes) {
  routes.push_back(JsonRoute(registry, "GET", "/api/v1/lineage", Trace));
}

}  // namespace mreg::api
