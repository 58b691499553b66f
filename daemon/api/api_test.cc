// The API over a real connection: the Remote conformance suite, and what curl and browsers ask.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "daemon/api/handler.h"
#include "daemon/api/routes.h"
#include "daemon/http/server.h"
#include "schema/onnx/data_type.h"
#include "storage/sync/http_remote.h"
#include "storage/sync/remote_conformance.h"
#include "tests/models/transformer_model.h"

namespace mreg::api {
namespace {

using registry::Access;
using registry::AnonymousRead;
using registry::Role;
using testing::HasSubstr;

class ServedRegistry {
 public:
  explicit ServedRegistry(const std::string& directory,
                          AnonymousRead anonymous_read = AnonymousRead::kAllowed)
      : socket_(JoinPath(directory, "mregd.sock")) {
    auto opened = registry::OpenRegistry(directory, registry::OpenMode::kCreate, {anonymous_read},
                                         PosixFileSystem(), clock_);
    EXPECT_TRUE(opened.ok()) << opened.status();
    registry_ = *std::move(opened);
    handler_ = MakeApiHandler(*registry_);
    http::ServerOptions options;
    options.listen = {"127.0.0.1:0"};
    options.unix_socket = socket_;
    auto started = http::StartServer(std::move(options), *handler_, [](const auto&) {});
    EXPECT_TRUE(started.ok()) << started.status();
    server_ = *std::move(started);
  }
  ~ServedRegistry() { server_->Stop(std::chrono::seconds(5)); }

  std::string base_url() const { return "http://" + server_->addresses().front(); }
  const std::string& socket() const { return socket_; }
  registry::Registry& registry() { return *registry_; }
  std::string Token(const std::string& name, Role role, const std::string& scope = "") {
    return registry_->access().CreateToken(Access::Owner(), {name, role, scope, {}, {}})->secret;
  }

 private:
  const std::string socket_;
  const SystemClock clock_;
  std::unique_ptr<registry::Registry> registry_;
  std::unique_ptr<http::Handler> handler_;
  std::unique_ptr<http::Server> server_;
};

const registry::RepositoryName& Vad() {
  static const auto* const name =
      new registry::RepositoryName(*registry::RepositoryName::Parse("acme/vad"));
  return *name;
}

class HttpFixture : public sync::RemoteFixture {
 public:
  HttpFixture(const std::string& directory, bool over_socket)
      : served_(directory), over_socket_(over_socket) {}
  std::unique_ptr<sync::Remote> Connect() override {
    if (over_socket_) {
      return sync::MakeHttpRemote({"http://localhost", served_.socket(), ""}, Vad());
    }
    return sync::MakeHttpRemote({served_.base_url(), "", token_}, Vad());
  }
  std::unique_ptr<sync::Remote> ConnectReader() override {
    return sync::MakeHttpRemote({served_.base_url(), "", ""}, Vad());
  }
  registry::Registry& registry() override { return served_.registry(); }

 private:
  ServedRegistry served_;
  const std::string token_ = served_.Token("w", Role::kWrite);
  const bool over_socket_;
};

sync::RemoteFactory Factory(const std::string& name, bool over_socket) {
  return {name, [over_socket](const std::string& directory) {
            return std::make_unique<HttpFixture>(directory, over_socket);
          }};
}

}  // namespace
}  // namespace mreg::api

namespace mreg::sync {
INSTANTIATE_TEST_SUITE_P(Http, RemoteTest,
                         testing::Values(api::Factory("tcp", false), api::Factory("socket", true)),
                         [](const auto& param) { return param.param.name; });
}  // namespace mreg::sync

namespace mreg::api {
namespace {

class ApiTest : public testing::Test {
 protected:
  ApiTest() {
    const CommitId commit = site_.Commit({{"README.md", "# Voice"}, {"model.onnx", model_}});
    const auto remote = sync::MakeHttpRemote({served_.base_url(), "", token_}, Vad());
    EXPECT_TRUE(site_.PushTo(*remote, commit).ok());
    EXPECT_TRUE(site_.PushTo(*remote, commit, "refs/tags/v1").ok());
    commit_ = commit.ToHex();
    client_.set_keep_alive(true);
  }

  httplib::Result Get(const std::string& path, const httplib::Headers& headers = {}) {
    auto result = client_.Get("/api/v1" + path, headers);
    EXPECT_TRUE(result) << path;
    return result;
  }
  nlohmann::json GetJson(const std::string& path, const std::string& token = "") {
    httplib::Headers headers;
    if (!token.empty()) headers.emplace("Authorization", "Bearer " + token);
    return nlohmann::json::parse(Get(path, headers)->body);
  }

  ServedRegistry served_{sync::FreshDirectory()};
  const std::string token_ = served_.Token("alice", Role::kWrite);
  const Bytes model_ = sync::RandomBytes(1'500'000, 3);
  sync::Site site_;
  std::string commit_;
  httplib::Client client_{served_.base_url()};
};

TEST_F(ApiTest, AFileIsServedWholeWithItsDigestAsTag) {
  const auto result = Get("/repos/acme/vad/files/v1/model.onnx");
  EXPECT_EQ(result->status, 200);
  EXPECT_EQ(result->body, model_);
  EXPECT_EQ(result->get_header_value("ETag"),
            fmt::format("\"{}\"", IdOf<ArtifactId>(model_).ToHex()));
  EXPECT_EQ(result->get_header_value("X-Mreg-Commit"), commit_);
  EXPECT_EQ(result->get_header_value("Content-Type"), "application/octet-stream");
  EXPECT_EQ(Get("/repos/acme/vad/files/main/README.md")->body, "# Voice");
}

TEST_F(ApiTest, ARangeResumesADownload) {
  const auto part = Get("/repos/acme/vad/files/v1/model.onnx", {{"Range", "bytes=1000000-"}});
  EXPECT_EQ(part->status, 206);
  EXPECT_EQ(part->body, model_.substr(1'000'000));
  EXPECT_EQ(part->get_header_value("Content-Range"), "bytes 1000000-1499999/1500000");
  const auto beyond = Get("/repos/acme/vad/files/v1/model.onnx", {{"Range", "bytes=1500000-"}});
  EXPECT_EQ(beyond->status, 416);
  const auto stale = Get("/repos/acme/vad/files/v1/model.onnx",
                         {{"Range", "bytes=5-"}, {"If-Range", "\"other\""}});
  EXPECT_EQ(stale->status, 200);
  EXPECT_EQ(stale->body.size(), model_.size());
}

TEST_F(ApiTest, ASingleTensorIsARangeOfTheFile) {
  const Bytes model = test_models::MakeTransformerModel(test_models::kSmallModel);
  const auto remote = sync::MakeHttpRemote({served_.base_url(), "", token_}, Vad());
  const CommitId commit = site_.Commit({{"a/encoder.onnx", model}});
  ASSERT_TRUE(site_.PushTo(*remote, commit, "refs/heads/encoder").ok());
  const auto listed = GetJson("/repos/acme/vad/tensors/encoder/a/encoder.onnx");
  EXPECT_EQ(listed["commit"], commit.ToHex());
  EXPECT_EQ(listed["size"], model.size());
  const auto scan = *onnx::ScanModel(test_models::MemoryFile(model));
  ASSERT_EQ(listed["tensors"].size(), scan.tensors.size());
  ASSERT_GT(scan.tensors.size(), 5u);
  for (size_t i = 0; i < scan.tensors.size(); ++i) {
    const auto& tensor = listed["tensors"][i];
    EXPECT_EQ(tensor["name"], scan.tensors[i].name);
    EXPECT_EQ(tensor["type"], onnx::DataTypeName(scan.tensors[i].type));
    EXPECT_EQ(tensor["offset"], scan.tensors[i].offset);
    EXPECT_EQ(tensor["length"], scan.tensors[i].length);
  }
  const uint64_t offset = listed["tensors"][1]["offset"], length = listed["tensors"][1]["length"];
  const auto part = Get("/repos/acme/vad/files/encoder/a/encoder.onnx",
                        {{"Range", fmt::format("bytes={}-{}", offset, offset + length - 1)}});
  EXPECT_EQ(part->status, 206);
  EXPECT_EQ(part->body, model.substr(offset, length));
  EXPECT_TRUE(GetJson("/repos/acme/vad/tensors/v1/README.md")["tensors"].empty());
  EXPECT_EQ(Get("/repos/acme/vad/tensors/v1/nothing")->status, 404);
}

TEST_F(ApiTest, AttestationsAreAddedAndTold) {
  const std::string path = "/repos/acme/vad/attestations/v1";
  const std::string version = GetJson("/repos/acme/vad/tree/v1")["manifest_sha256"];
  nlohmann::json statement = {
      {"_type", "https://in-toto.io/Statement/v1"},
      {"subject", {{{"name", "acme/vad"}, {"digest", {{"sha256", version}}}}}},
      {"predicateType", "https://example.org/reviewed"},
      {"predicate", nlohmann::json::object()}};
  // More than other bodies may have.
  statement["predicate"]["text"] = std::string(200'000, 'x');
  const auto post = [&](const std::string& body, const httplib::Headers& headers) {
    return client_.Post("/api/v1" + path, headers, body, "application/json");
  };
  const httplib::Headers writer = {{"Authorization", "Bearer " + token_}};
  const httplib::Headers reader = {{"Authorization", "Bearer " + served_.Token("r", Role::kRead)}};
  EXPECT_EQ(post(statement.dump(), {})->status, 401);
  EXPECT_EQ(post(statement.dump(), reader)->status, 403);
  EXPECT_TRUE(GetJson(path)["attestations"].empty());
  const auto added = post(statement.dump(), writer);
  ASSERT_EQ(added->status, 200) << added->body;
  const auto answer = nlohmann::json::parse(added->body);
  EXPECT_TRUE(answer["is_new"].get<bool>());
  EXPECT_FALSE(nlohmann::json::parse(post(statement.dump(), writer)->body)["is_new"].get<bool>());
  const auto list = GetJson(path);
  EXPECT_EQ(list["commit"], commit_);
  EXPECT_EQ(list["manifest_sha256"], version);
  ASSERT_EQ(list["attestations"].size(), 1u);
  EXPECT_EQ(list["attestations"][0]["added_by"], "alice");
  EXPECT_TRUE(list["attestations"][0]["signatures"].empty());
  const std::string id = list["attestations"][0]["sha256"];
  EXPECT_EQ(id, answer["sha256"]);
  EXPECT_EQ(Get(path + "/" + id)->body, statement.dump());
  EXPECT_EQ(Get(path + "/" + std::string(64, '0'))->status, 404);
  EXPECT_EQ(Get(path + "/nonsense")->status, 400);
  EXPECT_EQ(Get("/repos/acme/vad/attestations/v9")->status, 404);
  EXPECT_EQ(post("{}", writer)->status, 400);
  EXPECT_EQ(post(std::string((1 << 20) + 1, ' '), writer)->status, 413);
  const auto refused = client_.Post("/api/v1/repos/acme/none/attestations/main", writer,
                                    statement.dump(), "application/json");
  EXPECT_EQ(refused->status, 404);
}

TEST_F(ApiTest, AVersionsModelsComeWithFactsAndVerdicts) {
  const Bytes model = test_models::MakeTransformerModel(test_models::kSmallModel);
  const auto remote = sync::MakeHttpRemote({served_.base_url(), "", token_}, Vad());
  const CommitId commit = site_.Commit({{"a/encoder.onnx", model}, {"README.md", "# Read\n"}});
  ASSERT_TRUE(site_.PushTo(*remote, commit, "refs/heads/encoder").ok());
  EXPECT_GT(GetJson("/repos/acme/vad/models/encoder")["behind"], 0);
  ASSERT_TRUE(served_.registry().knowledge().Follow().ok());
  const auto listed = GetJson("/repos/acme/vad/models/encoder");
  EXPECT_EQ(listed["commit"], commit.ToHex());
  EXPECT_EQ(listed["behind"], 0);
  ASSERT_EQ(listed["models"].size(), 1u);
  EXPECT_EQ(listed["models"][0]["path"], "a/encoder.onnx");
  EXPECT_EQ(listed["models"][0]["targets"]["ort-1.23.2-cpu"], "supported");
  EXPECT_TRUE(listed["models"][0]["lint"].is_null());

  const auto one = GetJson("/repos/acme/vad/models/encoder/a/encoder.onnx");
  EXPECT_EQ(one["size"], model.size());
  EXPECT_EQ(one["facts"]["ir_version"], 8);
  EXPECT_EQ(one["verdicts"].size(), listed["models"][0]["targets"].size());
  EXPECT_TRUE(one["lint"].is_null());
  const auto id = *ArtifactId::FromHex(one["sha256"].get<std::string>());
  EXPECT_EQ(id.ToHex(), listed["models"][0]["sha256"]);
  for (const char* absent : {"encoder/README.md", "encoder/none.onnx", "none", "none/a.onnx"}) {
    EXPECT_EQ(Get(std::string("/repos/acme/vad/models/") + absent)->status, 404) << absent;
  }
  EXPECT_EQ(Get("/repos/acme/none/models/main")->status, 404);
}

TEST_F(ApiTest, WhatTheClientHasIsNotSentAgain) {
  const std::string etag = Get("/repos/acme/vad/files/v1/README.md")->get_header_value("ETag");
  // This client waits for a body even after a 304, until the connection is closed.
  const auto again =
      Get("/repos/acme/vad/files/v1/README.md", {{"If-None-Match", etag}, {"Connection", "close"}});
  EXPECT_EQ(again->status, 304);
  EXPECT_EQ(again->body, "");
}

TEST_F(ApiTest, HeadTellsLengthAndTag) {
  const auto head = client_.Head("/api/v1/repos/acme/vad/files/v1/model.onnx");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->get_header_value("Content-Length"), "1500000");
  EXPECT_TRUE(head->has_header("ETag"));
}

TEST_F(ApiTest, VersionsAreListedWithTheirFilesAndDigest) {
  const auto tree = GetJson("/repos/acme/vad/tree/v1");
  EXPECT_EQ(tree["commit"], commit_);
  ASSERT_EQ(tree["files"].size(), 2u);
  EXPECT_EQ(tree["files"][1]["path"], "model.onnx");
  EXPECT_EQ(tree["files"][1]["size"], 1'500'000);
  const std::string manifest = Get("/repos/acme/vad/manifest/v1")->body;
  EXPECT_EQ(tree["manifest_sha256"], IdOf<ManifestDigest>(manifest).ToHex());
  EXPECT_EQ(GetJson("/repos/acme/vad/commits/main")["commits"][0]["commit"], commit_);
  EXPECT_EQ(GetJson("/repos/acme/vad")["references"].size(), 2u);
  EXPECT_EQ(GetJson("/repos")["repositories"][0]["name"], "acme/vad");
}

TEST_F(ApiTest, ErrorsAreProblemDetails) {
  const auto absent = Get("/repos/acme/vad/files/v9/model.onnx");
  EXPECT_EQ(absent->status, 404);
  EXPECT_EQ(absent->get_header_value("Content-Type"), "application/problem+json");
  const auto problem = nlohmann::json::parse(absent->body);
  EXPECT_EQ(problem["code"], "not_found");
  EXPECT_EQ(problem["request_id"], absent->get_header_value("X-Request-Id"));
  EXPECT_EQ(Get("/repos/acme/none")->status, 404);
  EXPECT_EQ(Get("/repos/acme/%2e%2e")->status, 400);
  EXPECT_EQ(Get("/repos?limit=x")->status, 400);
  EXPECT_EQ(client_.Delete("/api/v1/repos")->status, 405);
}

TEST_F(ApiTest, WritesNeedATokenAndSayHow) {
  const auto result = client_.Post("/api/v1/repos", R"({"name": "acme/new"})", "application/json");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 401);
  EXPECT_THAT(result->get_header_value("WWW-Authenticate"), HasSubstr("Bearer"));
  EXPECT_EQ(Get("/whoami", {{"Authorization", "Bearer wrong"}})->status, 401);
  EXPECT_EQ(Get("/whoami", {{"Authorization", "Nonsense"}})->status, 401);
  EXPECT_EQ(GetJson("/whoami", token_)["name"], "alice");
  client_.set_basic_auth("anything", token_);
  EXPECT_EQ(nlohmann::json::parse(Get("/whoami")->body)["name"], "alice");
  EXPECT_EQ(client_.Post("/api/v1/repos", R"({"name": "acme/new"})", "application/json")->status,
            200);
  EXPECT_EQ(client_.Post("/api/v1/repos", R"({"name": "acme/new"})", "application/json")->status,
            409);
  EXPECT_EQ(client_.Post("/api/v1/repos", R"({"name": "../x"})", "application/json")->status, 400);
}

TEST_F(ApiTest, AdministrationIsForAdministratorsAndTheOwnersSocket) {
  for (const char* path : {"/tokens", "/stats", "/gc", "/optimize", "/journal", "/journal/head"}) {
    EXPECT_EQ(Get(path)->status, 401) << path;
    EXPECT_EQ(Get(path, {{"Authorization", "Bearer " + token_}})->status, 403) << path;
    EXPECT_TRUE(sync::CallApi({"http://localhost", served_.socket(), ""}, "GET",
                              std::string("/api/v1") + path, "")
                    .ok())
        << path;
  }
  struct stat info;
  ASSERT_EQ(stat(served_.socket().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(ApiTest, TheOwnerCollectsGarbage) {
  const sync::HttpEndpoint owner{"http://localhost", served_.socket(), ""};
  const auto planned = sync::CallApi(owner, "POST", "/api/v1/gc?dry_run=true", "");
  ASSERT_TRUE(planned.ok()) << planned.status();
  EXPECT_EQ(nlohmann::json::parse(*planned)["dry_run"], true);
  const auto done = sync::CallApi(owner, "POST", "/api/v1/gc?grace_days=0", "");
  ASSERT_TRUE(done.ok()) << done.status();
  const auto report = nlohmann::json::parse(*done);
  EXPECT_EQ(report["grace_days"], 0);
  EXPECT_EQ(report["removed_files"], 0);
  EXPECT_EQ(report["problems"].size(), 0u);
  EXPECT_EQ(nlohmann::json::parse(*sync::CallApi(owner, "GET", "/api/v1/gc", ""))["running"],
            false);
  EXPECT_TRUE(absl::IsInvalidArgument(
      sync::CallApi(owner, "POST", "/api/v1/gc?grace_days=many", "").status()));
  EXPECT_EQ(client_.Post("/api/v1/gc")->status, 401);
}

TEST_F(ApiTest, TheOwnerOptimizesWhatIsStoredOnce) {
  const sync::HttpEndpoint owner{"http://localhost", served_.socket(), ""};
  const auto done = sync::CallApi(owner, "POST", "/api/v1/optimize?threads=2&cpu=90", "");
  ASSERT_TRUE(done.ok()) << done.status();
  const auto report = nlohmann::json::parse(*done);
  EXPECT_GT(report["looked_files"], 0);
  EXPECT_EQ(report["looked_files"], report["files"]);
  EXPECT_EQ(report["problems"].size(), 0u);
  const auto again = sync::CallApi(owner, "POST", "/api/v1/optimize", "");
  EXPECT_EQ(nlohmann::json::parse(*again)["looked_files"], 0);
  EXPECT_EQ(nlohmann::json::parse(*sync::CallApi(owner, "GET", "/api/v1/optimize", ""))["running"],
            false);
  for (const char* query : {"threads=0", "threads=many", "cpu=0", "cpu=101"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(
        sync::CallApi(owner, "POST", std::string("/api/v1/optimize?") + query, "").status()))
        << query;
  }
  EXPECT_EQ(client_.Post("/api/v1/optimize")->status, 401);
}

TEST_F(ApiTest, AnUploadThatIsNoRecordStreamIsRefused) {
  const auto result =
      client_.Post("/api/v1/repos/acme/vad/sync/chunks", {{"Authorization", "Bearer " + token_}},
                   "garbage that is longer than a stream's header", "application/vnd.mreg.records");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 400);
  const auto push =
      client_.Post("/api/v1/repos/acme/vad/sync/push", {{"Authorization", "Bearer " + token_}},
                   "\xff\xff", "application/x-protobuf");
  EXPECT_EQ(push->status, 400);
}

TEST(ClosedRegistry, NeedsATokenForEverythingButHealth) {
  ServedRegistry served(sync::FreshDirectory(), AnonymousRead::kForbidden);
  httplib::Client client(served.base_url());
  EXPECT_EQ(client.Get("/healthz")->status, 200);
  EXPECT_EQ(client.Get("/readyz")->status, 200);
  for (const char* path : {"/api/v1/repos", "/api/v1/repos/a/b", "/api/v1/repos/a/b/tree/main"}) {
    EXPECT_EQ(client.Get(path)->status, 401) << path;
  }
}

// A route without its page is not done.
TEST(OpenApi, NamesEveryRoute) {
  ServedRegistry served(sync::FreshDirectory());
  std::ifstream file(MREG_SOURCE_DIR "/docs/openapi.yaml");
  ASSERT_TRUE(file) << "docs/openapi.yaml is missing";
  const std::string document((std::istreambuf_iterator<char>(file)), {});
  const auto routes = AllRoutes(served.registry());
  for (const http::Route& route : routes) {
    std::string path = route.pattern;
    if (path.ends_with("...}")) path.replace(path.size() - 4, 4, "}");
    const size_t at = document.find("\n  " + path + ":\n");
    ASSERT_NE(at, std::string::npos) << path;
    const size_t end = document.find("\n  /", at + 1);
    std::string method = route.method;
    for (char& c : method) c = static_cast<char>(std::tolower(c));
    EXPECT_THAT(document.substr(at, end - at), HasSubstr("\n    " + method + ":")) << path;
  }
}

}  // namespace
}  // namespace mreg::api
