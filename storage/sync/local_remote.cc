#include "storage/sync/local_remote.h"

#include <utility>

#include "schema/base/status.h"

namespace mreg::sync {
namespace {

constexpr size_t kPieceBytes = 1 << 20;

class LocalRemote final : public Remote {
 public:
  LocalRemote(registry::Registry& registry, registry::Caller caller,
              const registry::RepositoryName& repository, std::string url)
      : transfer_(registry.transfer()),
        caller_(std::move(caller)),
        repository_(repository),
        url_(std::move(url)) {}

  std::string url() const override { return url_; }

  absl::StatusOr<v1::ReferencesReply> ListReferences() override {
    return transfer_.ListReferences(caller_, repository_);
  }

  absl::StatusOr<v1::OfferReply> Offer(const v1::OfferRequest& request) override {
    return transfer_.Offer(caller_, repository_, request);
  }

  absl::Status Upload(ByteSource& stream, std::optional<uint64_t>) override {
    MREG_ASSIGN_OR_RETURN(const auto receiver, transfer_.BeginUpload(caller_, repository_));
    MREG_RETURN_IF_ERROR(Pump(stream, *receiver));
    return receiver->Finish();
  }

  absl::StatusOr<v1::PushReply> Push(const v1::PushRequest& request) override {
    return transfer_.Push(caller_, repository_, request);
  }

  absl::StatusOr<v1::FetchReply> Fetch(const v1::FetchRequest& request) override {
    return transfer_.Fetch(caller_, repository_, request);
  }

  absl::StatusOr<v1::RecipesReply> Recipes(const v1::RecipesRequest& request) override {
    return transfer_.Recipes(caller_, repository_, request);
  }

  absl::Status Download(const v1::ChunksRequest& request, ByteSink& sink) override {
    MREG_ASSIGN_OR_RETURN(const auto sender, transfer_.OpenChunks(caller_, repository_, request));
    return Pump(*sender, sink);
  }

  absl::StatusOr<v1::DownloadSizeReply> DownloadSize(const v1::ChunksRequest& request) override {
    return transfer_.DownloadSize(caller_, repository_, request);
  }

 private:
  static absl::Status Pump(ByteSource& source, ByteSink& sink) {
    Bytes buffer(kPieceBytes, '\0');
    while (true) {
      MREG_ASSIGN_OR_RETURN(const size_t got, source.Read(buffer));
      if (got == 0) return absl::OkStatus();
      MREG_RETURN_IF_ERROR(sink.Write(ByteView(buffer).substr(0, got)));
    }
  }

  registry::Transfer& transfer_;
  const registry::Caller caller_;
  const registry::RepositoryName repository_;
  const std::string url_;
};

}  // namespace

std::unique_ptr<Remote> MakeLocalRemote(registry::Registry& registry, registry::Caller caller,
                                        const registry::RepositoryName& repository,
                                        std::string url) {
  return std::make_unique<LocalRemote>(registry, std::move(caller), repository, std::move(url));
}

}  // namespace mreg::sync
