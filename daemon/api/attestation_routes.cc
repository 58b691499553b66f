#include <memory>

#include "daemon/api/endpoint.h"
#include "daemon/api/routes.h"
#include "schema/base/status.h"
#include "storage/sync/attestations.h"

namespace mreg::api {
namespace {

absl::StatusOr<std::string> List(const Call& call) {
  MREG_ASSIGN_OR_RETURN(const auto name, call.Repository());
  MREG_ASSIGN_OR_RETURN(const auto list, call.registry.attestations().List(
                                             call.caller, name, call.path.Get("revision")));
  return sync::AttestationsToJson(list);
}

absl::StatusOr<std::string> Add(const Call& call, const std::string& document) {
  MREG_ASSIGN_OR_RETURN(const auto name, call.Repository());
  MREG_ASSIGN_OR_RETURN(
      const auto added,
      call.registry.attestations().Add(call.caller, name, call.path.Get("revision"), document));
  return sync::AddedAttestationToJson(added);
}

absl::StatusOr<std::string> Read(const Call& call) {
  MREG_ASSIGN_OR_RETURN(const auto name, call.Repository());
  MREG_ASSIGN_OR_RETURN(const auto id,
                        registry::AttestationId::FromHex(call.path.Get("attestation")));
  return call.registry.attestations().Read(call.caller, name, call.path.Get("revision"), id);
}

}  // namespace

void AddAttestationRoutes(registry::Registry& registry, std::vector<http::Route>& routes) {
  const std::string version = "/api/v1/repos/{namespace}/{name}/attestations/{revision}";
  routes.push_back(JsonRoute(registry, "GET", version, List));
  routes.push_back(JsonBodyRoute(registry, "POST", version, Add, registry::kMaxAttestationBytes));
  routes.push_back(JsonRoute(registry, "GET", version + "/{attestation}", Read));
}

}  // namespace mreg::api
