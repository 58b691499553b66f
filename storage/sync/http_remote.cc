#include "storage/sync/http_remote.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "schema/base/status.h"
#include "storage/sync/http_client.h"

namespace mreg::sync {
namespace {

constexpr std::string_view kProtobuf = "application/x-protobuf";
constexpr std::string_view kRecordStream = "application/vnd.mreg.records";
// Before it answers, the server writes what it got to the disk and proves whole files.
constexpr std::chrono::seconds kLongPatience{1'800};

template <typename Reply>
absl::StatusOr<Reply> Parse(const absl::StatusOr<Bytes>& body) {
  if (!body.ok()) return body.status();
  Reply reply;
  if (reply.ParseFromString(*body)) return reply;
  return absl::UnavailableError("the server's answer makes no sense: is it an mreg registry?");
}

class HttpRemote final : public Remote {
 public:
  HttpRemote(const HttpEndpoint& endpoint, const registry::RepositoryName& repository)
      : client_(endpoint),
        url_(fmt::format("{}/{}", endpoint.base_url, repository.ToString())),
        path_(fmt::format("/api/v1/repos/{}/sync/", repository.ToString())) {}

  std::string url() const override { return url_; }

  absl::StatusOr<v1::ReferencesReply> ListReferences() override {
    HttpRequest request;
    request.path = path_ + "references";
    return Parse<v1::ReferencesReply>(client_.Call(request));
  }

  absl::StatusOr<v1::OfferReply> Offer(const v1::OfferRequest& request) override {
    return Post<v1::OfferReply>("offer", request);
  }

  absl::Status Upload(ByteSource& stream, std::optional<uint64_t> length) override {
    HttpRequest request{"POST", path_ + "chunks", std::string(kRecordStream), "", kLongPatience};
    return client_.Send(request, stream, length).status();
  }

  absl::StatusOr<v1::PushReply> Push(const v1::PushRequest& request) override {
    return Post<v1::PushReply>("push", request);
  }

  absl::StatusOr<v1::FetchReply> Fetch(const v1::FetchRequest& request) override {
    return Post<v1::FetchReply>("fetch", request);
  }

  absl::StatusOr<v1::RecipesReply> Recipes(const v1::RecipesRequest& request) override {
    return Post<v1::RecipesReply>("recipes", request);
  }

  absl::Status Download(const v1::ChunksRequest& request, ByteSink& sink) override {
    return client_.Receive(Made("download", request), sink);
  }

  absl::StatusOr<v1::DownloadSizeReply> DownloadSize(const v1::ChunksRequest& request) override {
    return Post<v1::DownloadSizeReply>("download-size", request);
  }

 private:
  template <typename Request>
  HttpRequest Made(const char* call, const Request& request) const {
    return {"POST", path_ + call, std::string(kProtobuf), request.SerializeAsString(),
            kLongPatience};
  }

  template <typename Reply, typename Request>
  absl::StatusOr<Reply> Post(const char* call, const Request& request) {
    return Parse<Reply>(client_.Call(Made(call, request)));
  }

  HttpClient client_;
  const std::string url_;
  const std::string path_;
};

}  // namespace

std::unique_ptr<Remote> MakeHttpRemote(const HttpEndpoint& endpoint,
                                       const registry::RepositoryName& repository) {
  return std::make_unique<HttpRemote>(endpoint, repository);
}

absl::StatusOr<std::string> CallApi(const HttpEndpoint& endpoint, const std::string& method,
                                    const std::string& path, const std::string& json,
                                    std::chrono::seconds patience) {
  HttpClient client(endpoint);
  HttpRequest request;
  request.method = method;
  request.path = path;
  request.body = json;
  request.patience = patience;
  if (!json.empty()) request.content_type = "application/json";
  return client.Call(request);
}

}  // namespace mreg::sync
