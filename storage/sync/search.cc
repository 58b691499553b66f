#include "storage/sync/search.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "schema/base/status.h"
#include "storage/sync/ask_registry.h"

namespace mreg::sync {
namespace {

using catalog::Number;
using Json = nlohmann::ordered_json;

constexpr std::pair<const char*, Number> kNumbers[] = {{"size", Number::kSize},
                                                       {"opset", Number::kOpset},
                                                       {"ir", Number::kIr},
                                                       {"params", Number::kParameters},
                                                       {"nodes", Number::kNodes}};

Json HitJson(const catalog::Hit& hit) {
  Json json{{"repository", hit.repository},
            {"commit", hit.summary.commit.ToHex()},
            {"path", hit.summary.path},
            {"sha256", hit.summary.model ? Json(hit.summary.model->ToHex()) : Json()},
            {"time_ms", hit.summary.time.time_since_epoch().count()}};
  for (const auto& [name, number] : kNumbers) {
    const int64_t value = hit.summary.numbers[number];
    json[name] = value == catalog::kUnknown ? Json() : Json(value);
  }
  json["dtype"] = hit.summary.dtype;
  json["license"] = hit.summary.license;
  json["task"] = hit.summary.task;
  return json;
}

// Throws what nlohmann throws where a member is missing or of another type.
absl::StatusOr<catalog::Hit> ReadHit(const Json& json) {
  catalog::Hit hit;
  hit.repository = json.at("repository").get<std::string>();
  MREG_ASSIGN_OR_RETURN(hit.summary.commit,
                        CommitId::FromHex(json.at("commit").get<std::string>()));
  hit.summary.path = json.at("path").get<std::string>();
  if (!json.at("sha256").is_null()) {
    MREG_ASSIGN_OR_RETURN(hit.summary.model,
                          ArtifactId::FromHex(json.at("sha256").get<std::string>()));
  }
  hit.summary.time = TimePoint(std::chrono::milliseconds(json.at("time_ms").get<int64_t>()));
  for (const auto& [name, number] : kNumbers) {
    if (!json.at(name).is_null()) hit.summary.numbers[number] = json.at(name).get<int64_t>();
  }
  hit.summary.dtype = json.at("dtype").get<std::string>();
  hit.summary.license = json.at("license").get<std::string>();
  hit.summary.task = json.at("task").get<std::string>();
  return hit;
}

absl::StatusOr<registry::Findings> ReadFindings(const Json& json) {
  registry::Findings findings;
  catalog::SearchResult& result = findings.result;
  for (const Json& hit : json.at("hits")) {
    MREG_ASSIGN_OR_RETURN(catalog::Hit read, ReadHit(hit));
    result.hits.push_back(std::move(read));
  }
  result.total = json.at("total").get<uint64_t>();
  for (const Json& facet : json.at("facets")) {
    catalog::Facet& read = result.facets.emplace_back();
    read.key = facet.at("key").get<std::string>();
    for (const Json& value : facet.at("values")) {
      read.values.push_back(
          {value.at("value").get<std::string>(), value.at("entries").get<uint64_t>()});
    }
  }
  result.next = json.at("next").get<std::string>();
  findings.behind = json.at("behind").get<uint64_t>();
  return findings;
}

}  // namespace

std::string FindingsToJson(const registry::Findings& findings) {
  Json hits = Json::array();
  for (const catalog::Hit& hit : findings.result.hits) hits.push_back(HitJson(hit));
  Json facets = Json::array();
  for (const catalog::Facet& facet : findings.result.facets) {
    Json values = Json::array();
    for (const catalog::FacetValue& value : facet.values) {
      values.push_back({{"value", value.value}, {"entries", value.entries}});
    }
    facets.push_back({{"key", facet.key}, {"values", std::move(values)}});
  }
  const Json json{{"total", findings.result.total},
                  {"hits", std::move(hits)},
                  {"facets", std::move(facets)},
                  {"next", findings.result.next},
                  {"behind", findings.behind}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<registry::Findings> FindingsFromJson(std::string_view json) {
  try {
    return ReadFindings(Json::parse(json));
  } catch (const nlohmann::json::exception&) {
    return absl::InvalidArgumentError("the answer to a search is not what it should be");
  }
}

absl::StatusOr<registry::Findings> SearchRegistry(std::string_view url, const TokenFor& token_for,
                                                  std::string_view query,
                                                  const catalog::Page& page) {
  const ApiQuestion question{"/api/v1/search",
                             {{"q", std::string(query)},
                              {"limit", fmt::to_string(page.limit)},
                              {"before", page.before},
                              {"facets", page.has_facets ? "true" : "false"}}};
  MREG_ASSIGN_OR_RETURN(
      const std::string answer,
      AskRegistry(url, token_for, question,
                  [&](registry::Knowledge& knowledge) -> absl::StatusOr<std::string> {
                    MREG_ASSIGN_OR_RETURN(const registry::Findings findings,
                                          knowledge.Search(registry::Access::Owner(), query, page));
                    return FindingsToJson(findings);
                  }));
  return FindingsFromJson(answer);
}

}  // namespace mreg::sync
