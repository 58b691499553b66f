#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "daemon/api/endpoint.h"
#include "daemon/api/routes.h"
#include "schema/base/hex.h"
#include "schema/base/status.h"

namespace mreg::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kMaxEntries = 1'000;

int64_t ToMs(TimePoint time) { return time.time_since_epoch().count(); }

Json TokenJson(const registry::TokenInfo& token) {
  Json json{{"name", token.name},
            {"role", registry::RoleName(token.role)},
            {"created_ms", ToMs(token.created)}};
  if (!token.scope.empty()) json["namespace"] = token.scope;
  if (token.expires) json["expires_ms"] = ToMs(*token.expires);
  return json;
}

// The string member `name`, or "".
std::string Member(const Json& document, const char* name) {
  const auto found = document.find(name);
  return found != document.end() && found->is_string() ? found->get<std::string>() : "";
}

absl::StatusOr<std::string> CreateToken(const Call& call, const std::string& body) {
  const Json document = Json::parse(body, nullptr, false);
  if (!document.is_object()) {
    return absl::InvalidArgumentError(R"(the body is {"name": ..., "role": "read|write|admin"})");
  }
  registry::TokenInfo wanted;
  wanted.name = Member(document, "name");
  wanted.scope = Member(document, "namespace");
  MREG_ASSIGN_OR_RETURN(wanted.role, registry::ParseRole(Member(document, "role")));
  if (const auto expires = document.find("expires_ms"); expires != document.end()) {
    if (!expires->is_number_unsigned()) {
      return absl::InvalidArgumentError("expires_ms is milliseconds since 1970 UTC");
    }
    wanted.expires = TimePoint(std::chrono::milliseconds(expires->get<int64_t>()));
  }
  MREG_ASSIGN_OR_RETURN(const auto token, call.registry.access().CreateToken(call.caller, wanted));
  Json answer = TokenJson(token.info);
  answer["token"] = token.secret;
  return answer.dump();
}

absl::StatusOr<std::string> ListTokens(const Call& call) {
  MREG_ASSIGN_OR_RETURN(const auto tokens, call.registry.access().ListTokens(call.caller));
  Json list = Json::array();
  for (const auto& token : tokens) list.push_back(TokenJson(token));
  return Json{{"tokens", list}}.dump();
}

absl::StatusOr<std::string> RevokeToken(const Call& call) {
  MREG_RETURN_IF_ERROR(call.registry.access().RevokeToken(call.caller, call.path.Get("token")));
  return Json{{"revoked", call.path.Get("token")}}.dump();
}

Json RepositoryJson(const registry::RepositoryUsage& usage) {
  return {{"name", usage.name},
          {"versions", usage.versions},
          {"version_bytes", usage.version_bytes},
          {"files", usage.files},
          {"file_bytes", usage.file_bytes},
          {"plain_bytes", usage.plain_bytes},
          {"stored_bytes", usage.stored_bytes}};
}

absl::StatusOr<std::string> Stats(const Call& call) {
  MREG_ASSIGN_OR_RETURN(const auto usage, call.registry.MeasureUsage(call.caller));
  const content::Usage& content = usage.content;
  Json encodings = Json::array(), repositories = Json::array();
  for (const content::EncodingUsage& encoding : content.encodings) {
    encodings.push_back({{"name", encoding.name},
                         {"chunks", encoding.chunks},
                         {"plain_bytes", encoding.plain_bytes},
                         {"stored_bytes", encoding.stored_bytes}});
  }
  for (const auto& repository : usage.repositories) {
    repositories.push_back(RepositoryJson(repository));
  }
  return Json{{"version_bytes", usage.version_bytes},
              {"repeated_bytes", usage.repeated_bytes},
              {"unreached_bytes", usage.unreached_bytes},
              {"artifacts", content.files},
              {"logical_bytes", content.file_bytes},
              {"shared_bytes", content.shared_bytes},
              {"loose_bytes", content.loose_bytes},
              {"chunks", content.chunks()},
              {"unique_bytes", content.plain_bytes()},
              {"stored_bytes", content.stored_bytes()},
              {"overhead_bytes", content.overhead_bytes},
              {"dead_bytes", content.dead_bytes},
              {"packs", content.packs},
              {"pack_bytes", content.pack_bytes},
              {"encodings", encodings},
              {"repositories", repositories}}
      .dump();
}

absl::StatusOr<std::string> Fsck(const Call& call) {
  const bool is_quick = call.request.Query("depth") == "index";
  MREG_ASSIGN_OR_RETURN(
      const auto check,
      call.registry.Check(call.caller,
                          is_quick ? content::FsckDepth::kIndex : content::FsckDepth::kContent,
                          nullptr));
  Json problems = check.content.problems;
  for (const std::string& problem : check.problems) problems.push_back(problem);
  return Json{{"packs", check.content.packs},
              {"chunks", check.content.chunks},
              {"artifacts", check.content.artifacts},
              {"problems", problems}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The journal tells of every repository and token: for administrators.
absl::StatusOr<std::string> ReadJournal(const Call& call) {
  MREG_RETURN_IF_ERROR(call.registry.access().RequireAdmin(call.caller));
  MREG_ASSIGN_OR_RETURN(const uint64_t from, NumberFrom(call.request, "from", 0, UINT64_MAX));
  MREG_ASSIGN_OR_RETURN(const uint64_t limit, NumberFrom(call.request, "limit", 100, kMaxEntries));
  MREG_ASSIGN_OR_RETURN(const auto entries, call.registry.journal().Read(from, limit));
  Json list = Json::array();
  for (const auto& entry : entries) {
    list.push_back({{"sequence", entry.sequence}, {"entry_hex", HexEncode(entry.bytes)}});
  }
  return Json{{"entries", list}}.dump();
}

absl::StatusOr<std::string> JournalHead(const Call& call) {
  MREG_RETURN_IF_ERROR(call.registry.access().RequireAdmin(call.caller));
  MREG_ASSIGN_OR_RETURN(const auto head, call.registry.journal().Head());
  return Json{{"size", head.size}, {"root", head.root.ToHex()}}.dump();
}

}  // namespace

void AddAdminRoutes(registry::Registry& registry, std::vector<http::Route>& routes) {
  routes.push_back(JsonRoute(registry, "GET", "/api/v1/tokens", ListTokens));
  routes.push_back(JsonBodyRoute(registry, "POST", "/api/v1/tokens", CreateToken));
  routes.push_back(JsonRoute(registry, "DELETE", "/api/v1/tokens/{token}", RevokeToken));
  routes.push_back(JsonRoute(registry, "GET", "/api/v1/stats", Stats));
  routes.push_back(JsonRoute(registry, "POST", "/api/v1/fsck", Fsck));
  routes.push_back(JsonRoute(registry, "GET", "/api/v1/journal", ReadJournal));
  routes.push_back(JsonRoute(registry, "GET", "/api/v1/journal/head", JournalHead));
}

}  // namespace mreg::api
