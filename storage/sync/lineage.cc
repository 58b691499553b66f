#include "storage/sync/lineage.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "schema/base/status.h"
#include "storage/sync/ask_registry.h"

namespace mreg::sync {
namespace {

using registry::Lineage;
using registry::LineageEdge;
using registry::LineageKind;
using registry::LineageNode;
using Json = nlohmann::ordered_json;

constexpr std::pair<const char*, double catalog::Evidence::*> kShares[] = {
    {"identical", &catalog::Evidence::identical},
    {"alike", &catalog::Evidence::alike},
    {"same_names", &catalog::Evidence::named},
    {"same_shapes", &catalog::Evidence::shaped}};
constexpr char kByContent[] = "content", kByTime[] = "time";

absl::Status NoLineage() {
  return absl::InvalidArgumentError("the answer about lineage is not what it should be");
}

Json NodeJson(const LineageNode& node) {
  Json places = Json::array();
  for (const LineageNode::Place& place : node.places) {
    places.push_back({{"repository", place.repository}, {"references", place.references}});
  }
  return {{"commit", node.commit.ToHex()},
          {"places", std::move(places)},
          {"name", node.name},
          {"time_ms", node.time ? Json(node.time->time_since_epoch().count()) : Json()}};
}

Json EdgeJson(const LineageEdge& edge) {
  Json json{{"child", edge.child.ToHex()},
            {"source", edge.source.ToHex()},
            {"kind", registry::NameOf(edge.kind)},
            {"how", edge.how}};
  if (edge.kind != LineageKind::kInferred) return json;
  json["confidence"] = edge.confidence;
  json["path"] = edge.path;
  json["source_path"] = edge.source_path;
  Json& evidence = json["evidence"];
  for (const auto& [name, share] : kShares) evidence[name] = edge.evidence.*share;
  evidence["direction"] = edge.is_directed_by_content ? kByContent : kByTime;
  return json;
}

// The readers throw what nlohmann throws where a member is missing or of another type.
absl::StatusOr<CommitId> ReadCommit(const Json& json) {
  return CommitId::FromHex(json.get<std::string>());
}

absl::StatusOr<LineageNode> ReadNode(const Json& json) {
  LineageNode node;
  MREG_ASSIGN_OR_RETURN(node.commit, ReadCommit(json.at("commit")));
  for (const Json& place : json.at("places")) {
    node.places.push_back({place.at("repository").get<std::string>(),
                           place.at("references").get<std::vector<std::string>>()});
  }
  node.name = json.at("name").get<std::string>();
  if (const Json& time = json.at("time_ms"); !time.is_null()) {
    node.time = TimePoint(std::chrono::milliseconds(time.get<int64_t>()));
  }
  return node;
}

absl::StatusOr<LineageEdge> ReadEdge(const Json& json) {
  LineageEdge edge;
  MREG_ASSIGN_OR_RETURN(edge.child, ReadCommit(json.at("child")));
  MREG_ASSIGN_OR_RETURN(edge.source, ReadCommit(json.at("source")));
  const auto kind = registry::LineageKindOf(json.at("kind").get<std::string>());
  if (!kind) return NoLineage();
  edge.kind = *kind;
  edge.how = json.at("how").get<std::string>();
  if (edge.kind != LineageKind::kInferred) return edge;
  edge.confidence = json.at("confidence").get<double>();
  edge.path = json.at("path").get<std::string>();
  edge.source_path = json.at("source_path").get<std::string>();
  const Json& evidence = json.at("evidence");
  for (const auto& [name, share] : kShares) edge.evidence.*share = evidence.at(name).get<double>();
  edge.is_directed_by_content = evidence.at("direction").get<std::string>() == kByContent;
  return edge;
}

absl::StatusOr<Lineage> ReadLineage(const Json& json) {
  Lineage lineage;
  MREG_ASSIGN_OR_RETURN(lineage.root, ReadCommit(json.at("root")));
  for (const Json& node : json.at("nodes")) {
    MREG_ASSIGN_OR_RETURN(lineage.nodes.emplace_back(), ReadNode(node));
  }
  for (const Json& edge : json.at("edges")) {
    MREG_ASSIGN_OR_RETURN(lineage.edges.emplace_back(), ReadEdge(edge));
  }
  lineage.is_cut = json.at("cut").get<bool>();
  lineage.behind = json.at("behind").get<uint64_t>();
  return lineage;
}

}  // namespace

std::string LineageToJson(const Lineage& lineage) {
  Json nodes = Json::array(), edges = Json::array();
  for (const LineageNode& node : lineage.nodes) nodes.push_back(NodeJson(node));
  for (const LineageEdge& edge : lineage.edges) edges.push_back(EdgeJson(edge));
  const Json json{{"root", lineage.root.ToHex()},
                  {"nodes", std::move(nodes)},
                  {"edges", std::move(edges)},
                  {"cut", lineage.is_cut},
                  {"behind", lineage.behind}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<Lineage> LineageFromJson(std::string_view json) {
  try {
    return ReadLineage(Json::parse(json));
  } catch (const nlohmann::json::exception&) {
    return NoLineage();
  }
}

absl::StatusOr<Lineage> TraceLineage(std::string_view url, const TokenFor& token_for,
                                     const registry::LineageQuestion& question) {
  const bool is_both = question.has_sources && question.has_derived;
  const ApiQuestion asked{"/api/v1/lineage",
                          {{"version", question.version},
                           {"direction", is_both                ? "both"
                                         : question.has_sources ? "up"
                                                                : "down"},
                           {"reference", question.reference},
                           {"least_confidence", fmt::format("{:.4f}", question.least_confidence)},
                           {"limit", fmt::to_string(question.most_nodes)}}};
  MREG_ASSIGN_OR_RETURN(
      const std::string answer,
      AskRegistry(url, token_for, asked,
                  [&](registry::Knowledge& knowledge) -> absl::StatusOr<std::string> {
                    MREG_ASSIGN_OR_RETURN(
                        const Lineage lineage,
                        knowledge.TraceLineage(registry::Access::Owner(), question));
                    return LineageToJson(lineage);
                  }));
  return LineageFromJson(answer);
}

}  // namespace mreg::sync
