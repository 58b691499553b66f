#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "daemon/api/endpoint.h"
#include "daemon/api/routes.h"
#include "daemon/http/etag.h"
#include "daemon/http/range.h"
#include "schema/base/status.h"
#include "schema/onnx/data_type.h"

namespace mreg::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kMaxPage = 1'000;
constexpr uint64_t kDefaultPage = 100;

// Commit messages and names may hold bytes that are not UTF-8; JSON may not.
std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

int64_t ToMs(TimePoint time) { return time.time_since_epoch().count(); }

Json SignatureJson(const history::Signature& signature) {
  return {{"name", signature.name},
          {"email", signature.email},
          {"time_ms", signature.seconds * 1'000},
          {"offset_minutes", signature.offset_minutes}};
}

Json CommitJson(const history::Commit& commit) {
  Json parents = Json::array();
  for (const CommitId& parent : commit.parents) parents.push_back(parent.ToHex());
  return {{"commit", commit.id.ToHex()},
          {"parents", parents},
          {"author", SignatureJson(commit.author)},
          {"committer", SignatureJson(commit.committer)},
          {"message", commit.message}};
}

Json FileJson(const registry::ManifestEntry& file) {
  return {{"path", file.path},
          {"size", file.size},
          {"sha256", file.digest.ToHex()},
          {"executable", file.mode == history::FileMode::kExecutable},
          {"kind", file.is_artifact ? "artifact" : "text"}};
}

absl::StatusOr<std::string> ListRepositories(const Call& call) {
  MREG_ASSIGN_OR_RETURN(const uint64_t limit,
                        NumberFrom(call.request, "limit", kDefaultPage, kMaxPage));
  const std::string after(call.request.Query("after").value_or(""));
  MREG_ASSIGN_OR_RETURN(const auto repositories,
                        call.registry.repositories().List(call.caller, after, limit));
  Json list = Json::array();
  for (const auto& repository : repositories) {
    list.push_back({{"name", repository.name}, {"created_ms", ToMs(repository.created)}});
  }
  Json answer{{"repositories", list}};
  if (!repositories.empty() && repositories.size() == limit) {
    answer["next_after"] = repositories.back().name;
  }
  return Dump(answer);
}

absl::StatusOr<std::string> CreateRepository(const Call& call, const std::string& body) {
  const Json document = Json::parse(body, nullptr, false);
  if (!document.is_object() || !document.contains("name") || !document["name"].is_string()) {
    return absl::InvalidArgumentError(R"(the body is {"name": "namespace/name"})");
  }
  MREG_ASSIGN_OR_RETURN(const auto name,
                        registry::RepositoryName::Parse(document["name"].get<std::string>()));
  MREG_RETURN_IF_ERROR(call.registry.repositories().Create(call.caller, name));
  return Dump(Json{{"name", name.ToString()}});
}

absl::StatusOr<std::string> ListReferences(const Call& call) {
  MREG_ASSIGN_OR_RETURN(const auto name, call.Repository());
  MREG_ASSIGN_OR_RETURN(const auto references,
                        call.registry.browse().References(call.caller, name));
  Json list = Json::array();
  for (const history::Reference& reference : references) {
    list.push_back({{"name", reference.name}, {"target", reference.target.ToHex()}});
  }
  return Dump(Json{{"name", name.ToString()}, {"references", list}});
}

absl::StatusOr<std::string> ListCommits(const Call& call) {
  MREG_ASSIGN_OR_RETURN(const auto name, call.Repository());
  MREG_ASSIGN_OR_RETURN(const uint64_t limit,
                        NumberFrom(call.request, "limit", kDefaultPage, kMaxPage));
  MREG_ASSIGN_OR_RETURN(
      const auto commits,
      call.registry.browse().Log(call.caller, name, call.path.Get("revision"), limit));
  Json list = Json::array();
  for (const history::Commit& commit : commits) list.push_back(CommitJson(commit));
  return Dump(Json{{"commits", list}});
}

absl::StatusOr<registry::Manifest> VersionOf(const Call& call) {
  MREG_ASSIGN_OR_RETURN(const auto name, call.Repository());
  return call.registry.browse().ReadVersion(call.caller, name, call.path.Get("revision"));
}

absl::StatusOr<std::string> ListFiles(const Call& call) {
  MREG_ASSIGN_OR_RETURN(const auto manifest, VersionOf(call));
  Json files = Json::array();
  for (const auto& file : manifest.files) files.push_back(FileJson(file));
  return Dump(Json{{"commit", manifest.commit.ToHex()},
                   {"manifest_sha256", registry::DigestOf(manifest).ToHex()},
                   {"files", files}});
}

http::Handler::Outcome GetManifest(const Call& call) {
  const auto manifest = VersionOf(call);
  if (!manifest.ok()) return Problem(manifest.status(), call.request.id);
  auto response = Text("text/plain; charset=utf-8", registry::FormatManifest(*manifest));
  response.headers.emplace_back("ETag", http::StrongEtag(registry::DigestOf(*manifest).ToHex()));
  return response;
}

// A full commit id names the same bytes for ever; a branch does not.
std::string_view CacheControlFor(const registry::OpenedFile& file, std::string_view revision) {
  return file.commit.ToHex() == revision ? "private, max-age=31536000, immutable" : "no-cache";
}

http::Response FileHead(const registry::OpenedFile& file, std::string_view revision) {
  http::Response response;
  response.headers = {{"ETag", http::StrongEtag(file.entry.digest.ToHex())},
                      {"Accept-Ranges", "bytes"},
                      {"Cache-Control", std::string(CacheControlFor(file, revision))},
                      {"X-Mreg-Commit", file.commit.ToHex()},
                      {"X-Content-Type-Options", "nosniff"},
                      // What people push is shown as text at most, never run by a browser.
                      {"Content-Security-Policy", "default-src 'none'; sandbox"},
                      {"Content-Type", file.entry.is_artifact ? "application/octet-stream"
                                                              : "text/plain; charset=utf-8"}};
  return response;
}

http::Response FileResponse(const registry::OpenedFile& file, const http::Request& request,
                            std::string_view revision) {
  http::Response response = FileHead(file, revision);
  const std::string etag = http::StrongEtag(file.entry.digest.ToHex());
  if (http::IfNoneMatchNames(request.Header("if-none-match"), etag)) {
    response.status = 304;
    return response;
  }
  const bool may_be_part = http::IfRangeHolds(request.Header("if-range"), etag);
  const auto answer = http::ParseRange(may_be_part ? request.Header("range") : "", file.entry.size);
  if (answer.kind == http::RangeKind::kUnsatisfiable) {
    response = HttpProblem(416, "the range lies outside the file");
    response.headers.emplace_back("Content-Range", http::UnsatisfiedContentRange(file.entry.size));
    return response;
  }
  if (answer.kind == http::RangeKind::kPart) {
    response.status = 206;
    response.headers.emplace_back("Content-Range",
                                  http::ContentRange(answer.range, file.entry.size));
  }
  http::Response::Stream stream;
  stream.length = answer.range.length;
  if (request.method != "HEAD") {
    stream.source = file.open(answer.range.first, answer.range.length);
  }
  response.body = std::move(stream);
  return response;
}

http::Handler::Outcome GetFile(const Call& call) {
  const auto name = call.Repository();
  if (!name.ok()) return Problem(name.status(), call.request.id);
  const auto file = call.registry.browse().OpenFile(call.caller, *name, call.path.Get("revision"),
                                                    call.path.Get("path"));
  if (!file.ok()) return Problem(file.status(), call.request.id);
  return FileResponse(*file, call.request, call.path.Get("revision"));
}

absl::StatusOr<std::string> ListTensors(const Call& call) {
  MREG_ASSIGN_OR_RETURN(const auto name, call.Repository());
  MREG_ASSIGN_OR_RETURN(const registry::FileTensors file,
                        call.registry.browse().Tensors(call.caller, name, call.path.Get("revision"),
                                                       call.path.Get("path")));
  Json tensors = Json::array();
  for (const content::TensorRange& tensor : file.tensors) {
    tensors.push_back({{"name", tensor.name},
                       {"type", onnx::DataTypeName(tensor.type)},
                       {"offset", tensor.offset},
                       {"length", tensor.length}});
  }
  Json answer = FileJson(file.entry);
  answer["commit"] = file.commit.ToHex();
  answer["tensors"] = std::move(tensors);
  return Dump(answer);
}

}  // namespace

void AddBrowseRoutes(registry::Registry& registry, std::vector<http::Route>& routes) {
  const std::string repository = "/api/v1/repos/{namespace}/{name}";
  routes.push_back(JsonRoute(registry, "GET", "/api/v1/repos", ListRepositories));
  routes.push_back(JsonBodyRoute(registry, "POST", "/api/v1/repos", CreateRepository));
  routes.push_back(JsonRoute(registry, "GET", repository, ListReferences));
  routes.push_back(JsonRoute(registry, "GET", repository + "/commits/{revision}", ListCommits));
  routes.push_back(JsonRoute(registry, "GET", repository + "/tree/{revision}", ListFiles));
  routes.push_back(MakeRoute(registry, "GET", repository + "/manifest/{revision}", GetManifest));
  routes.push_back(MakeRoute(registry, "GET", repository + "/files/{revision}/{path...}", GetFile));
  routes.push_back(
      JsonRoute(registry, "GET", repository + "/tensors/{revision}/{path...}", ListTensors));
}

}  // namespace mreg::api
