// What is known of the models of a version.
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/api/endpoint.h"
#include "daemon/api/routes.h"
#include "schema/base/status.h"

namespace mreg::api {
namespace {

using Json = nlohmann::ordered_json;

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// What the catalog keeps as text; null where it has nothing.
Json Parsed(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  return json.is_discarded() ? Json() : json;
}

absl::StatusOr<registry::VersionModels> ModelsOf(const Call& call, std::string_view path) {
  MREG_ASSIGN_OR_RETURN(const auto name, call.Repository());
  return call.registry.knowledge().Models(call.caller, name, call.path.Get("revision"), path);
}

Json FileJson(const registry::KnownModel& model) {
  return {
      {"path", model.file.path}, {"size", model.file.size}, {"sha256", model.file.digest.ToHex()}};
}

// One word for each verdict.
Json SummaryJson(const registry::KnownModel& model) {
  Json json = FileJson(model);
  Json targets = Json::object();
  for (const Json& verdict : Parsed(model.record.verdicts)) {
    targets[verdict.value("target", "")] = verdict.value("support", "");
  }
  json["targets"] = std::move(targets);
  const Json lint = Parsed(model.record.lint);
  json["lint"] = lint.is_object() ? lint.value("result", Json()) : Json();
  return json;
}

absl::StatusOr<std::string> ListModels(const Call& call) {
  MREG_ASSIGN_OR_RETURN(const registry::VersionModels found, ModelsOf(call, ""));
  Json models = Json::array();
  for (const registry::KnownModel& model : found.models) models.push_back(SummaryJson(model));
  return Dump(
      {{"commit", found.commit.ToHex()}, {"models", std::move(models)}, {"behind", found.behind}});
}

absl::StatusOr<std::string> GetModel(const Call& call) {
  MREG_ASSIGN_OR_RETURN(const registry::VersionModels found, ModelsOf(call, call.path.Get("path")));
  const registry::KnownModel& model = found.models.front();
  Json json = FileJson(model);
  json["commit"] = found.commit.ToHex();
  json["facts"] = Parsed(model.record.facts);
  json["verdicts"] = Parsed(model.record.verdicts);
  json["lint"] = Parsed(model.record.lint);
  return Dump(json);
}

}  // namespace

void AddModelRoutes(registry::Registry& registry, std::vector<http::Route>& routes) {
  const std::string models = "/api/v1/repos/{namespace}/{name}/models/{revision}";
  routes.push_back(JsonRoute(registry, "GET", models, ListModels));
  routes.push_back(JsonRoute(registry, "GET", models + "/{path...}", GetModel));
}

}  // namespace mreg::api
