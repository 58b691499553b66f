#include <utility>

#include "daemon/api/endpoint.h"
#include "daemon/api/routes.h"
#include "schema/base/status.h"

namespace mreg::api {
namespace {

// Of one request in protobuf: the recipes of some 6 TB of tensors.
constexpr size_t kMaxMessageBytes = 256 << 20;

constexpr std::string_view kRecordStream = "application/vnd.mreg.records";

// A method of registry::Transfer that takes one message and answers with another.
template <typename Request, typename Reply>
using Method = absl::StatusOr<Reply> (*)(registry::Transfer& transfer,
                                         const registry::Caller& caller,
                                         const registry::RepositoryName& name,
                                         const Request& request);

absl::Status Malformed() { return absl::InvalidArgumentError("the body is not the message meant"); }

template <typename Request, typename Reply>
http::Response Answer(registry::Registry& registry, const registry::Caller& caller,
                      const registry::RepositoryName& name, const std::string& body,
                      const std::string& request_id, Method<Request, Reply> method) {
  Request message;
  if (!message.ParseFromString(body)) return Problem(Malformed(), request_id);
  const auto reply = method(registry.transfer(), caller, name, message);
  if (!reply.ok()) return Problem(reply.status(), request_id);
  return Text(kProtobuf, reply->SerializeAsString());
}

template <typename Request, typename Reply>
http::Route MessageRoute(registry::Registry& registry, const std::string& pattern,
                         Method<Request, Reply> method) {
  return MakeRoute(registry, "POST", pattern, [method](const Call& call) -> http::Handler::Outcome {
    const auto name = call.Repository();
    if (!name.ok()) return Problem(name.status(), call.request.id);
    return http::CollectBody(kMaxMessageBytes,
                             [method, name = *name, &registry = call.registry, caller = call.caller,
                              id = call.request.id](const std::string& body) {
                               return Answer(registry, caller, name, body, id, method);
                             });
  });
}

absl::StatusOr<v1::OfferReply> Offer(registry::Transfer& transfer, const registry::Caller& caller,
                                     const registry::RepositoryName& name,
                                     const v1::OfferRequest& request) {
  return transfer.Offer(caller, name, request);
}

absl::StatusOr<v1::PushReply> Push(registry::Transfer& transfer, const registry::Caller& caller,
                                   const registry::RepositoryName& name,
                                   const v1::PushRequest& request) {
  return transfer.Push(caller, name, request);
}

absl::StatusOr<v1::FetchReply> Fetch(registry::Transfer& transfer, const registry::Caller& caller,
                                     const registry::RepositoryName& name,
                                     const v1::FetchRequest& request) {
  return transfer.Fetch(caller, name, request);
}

absl::StatusOr<v1::RecipesReply> Recipes(registry::Transfer& transfer,
                                         const registry::Caller& caller,
                                         const registry::RepositoryName& name,
                                         const v1::RecipesRequest& request) {
  return transfer.Recipes(caller, name, request);
}

absl::StatusOr<v1::DownloadSizeReply> DownloadSize(registry::Transfer& transfer,
                                                   const registry::Caller& caller,
                                                   const registry::RepositoryName& name,
                                                   const v1::ChunksRequest& request) {
  return transfer.DownloadSize(caller, name, request);
}

http::Handler::Outcome ListReferences(const Call& call) {
  const auto name = call.Repository();
  if (!name.ok()) return Problem(name.status(), call.request.id);
  const auto reply = call.registry.transfer().ListReferences(call.caller, *name);
  if (!reply.ok()) return Problem(reply.status(), call.request.id);
  return Text(kProtobuf, reply->SerializeAsString());
}

// Chunks as they come in. One that is destroyed because the client is gone keeps what came.
class ChunkBody final : public http::BodyReceiver {
 public:
  ChunkBody(std::unique_ptr<content::ChunkReceiver> receiver, std::string request_id)
      : receiver_(std::move(receiver)), request_id_(std::move(request_id)) {}
  absl::Status Write(ByteView data) override { return receiver_->Write(data); }
  http::Response Finish() override {
    const absl::Status status = receiver_->Finish();
    return status.ok() ? Text(kProtobuf, "") : Problem(status, request_id_);
  }

 private:
  const std::unique_ptr<content::ChunkReceiver> receiver_;
  const std::string request_id_;
};

http::Handler::Outcome Upload(const Call& call) {
  const auto name = call.Repository();
  if (!name.ok()) return Problem(name.status(), call.request.id);
  auto receiver = call.registry.transfer().BeginUpload(call.caller, *name);
  if (!receiver.ok()) return Problem(receiver.status(), call.request.id);
  return std::make_unique<ChunkBody>(*std::move(receiver), call.request.id);
}

http::Response SendChunks(registry::Registry& registry, const registry::Caller& caller,
                          const registry::RepositoryName& name, const std::string& body,
                          const std::string& request_id) {
  v1::ChunksRequest request;
  if (!request.ParseFromString(body)) return Problem(Malformed(), request_id);
  auto sender = registry.transfer().OpenChunks(caller, name, request);
  if (!sender.ok()) return Problem(sender.status(), request_id);
  http::Response response = Text(kRecordStream, "");
  const std::optional<uint64_t> length = (*sender)->length();
  response.body = http::Response::Stream{*std::move(sender), length};
  return response;
}

http::Handler::Outcome Download(const Call& call) {
  const auto name = call.Repository();
  if (!name.ok()) return Problem(name.status(), call.request.id);
  return http::CollectBody(
      kMaxMessageBytes,
      [name = *name, &registry = call.registry, caller = call.caller, id = call.request.id](
          const std::string& body) { return SendChunks(registry, caller, name, body, id); });
}

}  // namespace

void AddSyncRoutes(registry::Registry& registry, std::vector<http::Route>& routes) {
  const std::string sync = "/api/v1/repos/{namespace}/{name}/sync";
  routes.push_back(MakeRoute(registry, "GET", sync + "/references", ListReferences));
  routes.push_back(MessageRoute(registry, sync + "/offer", Offer));
  routes.push_back(MakeRoute(registry, "POST", sync + "/chunks", Upload));
  routes.push_back(MessageRoute(registry, sync + "/push", Push));
  routes.push_back(MessageRoute(registry, sync + "/fetch", Fetch));
  routes.push_back(MessageRoute(registry, sync + "/recipes", Recipes));
  routes.push_back(MakeRoute(registry, "POST", sync + "/download", Download));
  routes.push_back(MessageRoute(registry, sync + "/download-size", DownloadSize));
}

}  // namespace mreg::api
