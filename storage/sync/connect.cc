#include "storage/sync/connect.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "schema/base/status.h"
#include "storage/sync/local_remote.h"

namespace mreg::sync {
namespace {

constexpr std::string_view kFilePrefix = "file://";
constexpr std::string_view kSocketName = "mregd.sock";
constexpr std::chrono::seconds kFolderPatience{60};
constexpr std::chrono::milliseconds kFolderPoll{50};

absl::Status BadUrl() {
  return absl::InvalidArgumentError(
      "a remote is http://host[:port]/namespace/name, https://..., or "
      "file:///folder/namespace/name");
}

// A Remote together with the registry it stands on.
class FolderRemote final : public Remote {
 public:
  FolderRemote(std::unique_ptr<registry::Registry> registry, const RemoteUrl& url)
      : registry_(std::move(registry)),
        remote_(MakeLocalRemote(*registry_, registry::Access::Owner(), url.repository,
                                url.ToString())) {}
  std::string url() const override { return remote_->url(); }
  absl::StatusOr<v1::ReferencesReply> ListReferences() override {
    return remote_->ListReferences();
  }
  absl::StatusOr<v1::OfferReply> Offer(const v1::OfferRequest& request) override {
    return remote_->Offer(request);
  }
  absl::Status Upload(ByteSource& stream, std::optional<uint64_t> length) override {
    return remote_->Upload(stream, length);
  }
  absl::StatusOr<v1::PushReply> Push(const v1::PushRequest& request) override {
    return remote_->Push(request);
  }
  absl::StatusOr<v1::FetchReply> Fetch(const v1::FetchRequest& request) override {
    return remote_->Fetch(request);
  }
  absl::StatusOr<v1::RecipesReply> Recipes(const v1::RecipesRequest& request) override {
    return remote_->Recipes(request);
  }
  absl::Status Download(const v1::ChunksRequest& request, ByteSink& sink) override {
    return remote_->Download(request, sink);
  }
  absl::StatusOr<v1::DownloadSizeReply> DownloadSize(const v1::ChunksRequest& request) override {
    return remote_->DownloadSize(request);
  }

 private:
  const std::unique_ptr<registry::Registry> registry_;
  const std::unique_ptr<Remote> remote_;
};

// The daemon that serves the folder, if one does.
std::optional<HttpEndpoint> FindDaemon(const std::string& folder) {
  const std::string socket = JoinPath(folder, kSocketName);
  const auto exists = PosixFileSystem().Exists(socket);
  if (!exists.ok() || !*exists) return std::nullopt;
  HttpEndpoint endpoint{fmt::format("{}{}", kFilePrefix, folder), socket, ""};
  if (!CallApi(endpoint, "GET", "/healthz", "").ok()) return std::nullopt;
  return endpoint;
}

absl::StatusOr<std::unique_ptr<Remote>> ConnectFolder(const RemoteUrl& url, CreateFolder create) {
  MREG_ASSIGN_OR_RETURN(OpenedFolder folder, OpenFolder(url.base, create));
  if (folder.registry == nullptr) return MakeHttpRemote(folder.daemon, url.repository);
  return std::make_unique<FolderRemote>(std::move(folder.registry), url);
}

}  // namespace

absl::StatusOr<OpenedFolder> OpenFolder(const std::string& folder, CreateFolder create) {
  static const SystemClock* const clock = new SystemClock;
  const auto mode =
      create == CreateFolder::kYes ? registry::OpenMode::kCreate : registry::OpenMode::kExisting;
  const auto give_up = std::chrono::steady_clock::now() + kFolderPatience;
  while (true) {
    auto registry = registry::OpenRegistry(folder, mode, {}, PosixFileSystem(), *clock);
    if (registry.ok()) return OpenedFolder{*std::move(registry), {}};
    if (!absl::IsUnavailable(registry.status())) return registry.status();
    // Another process has it: a daemon, which is asked instead, or a command that will be done
    // soon.
    if (auto daemon = FindDaemon(folder)) return OpenedFolder{nullptr, *std::move(daemon)};
    if (std::chrono::steady_clock::now() >= give_up) {
      return absl::UnavailableError(
          fmt::format("another process is using the registry in {}", folder));
    }
    std::this_thread::sleep_for(kFolderPoll);
  }
}

std::string RemoteUrl::ToString() const {
  return fmt::format("{}{}/{}", scheme == Scheme::kFile ? kFilePrefix : "", base,
                     repository.ToString());
}

absl::StatusOr<RemoteUrl> ParseRemoteUrl(std::string_view url) {
  const bool is_file = url.starts_with(kFilePrefix);
  if (!is_file && !url.starts_with("http://") && !url.starts_with("https://")) return BadUrl();
  while (url.ends_with('/')) url.remove_suffix(1);
  const size_t name_slash = url.rfind('/');
  if (name_slash == std::string_view::npos || name_slash == 0) return BadUrl();
  const size_t space_slash = url.rfind('/', name_slash - 1);
  if (space_slash == std::string_view::npos) return BadUrl();
  std::string_view base = url.substr(0, space_slash);
  const auto repository = registry::RepositoryName::Parse(url.substr(space_slash + 1));
  if (!repository.ok()) return repository.status();
  if (is_file) base.remove_prefix(kFilePrefix.size());
  const size_t authority = is_file ? 0 : base.find("://") + 3;
  if (is_file ? !base.starts_with('/') : authority >= base.size()) return BadUrl();
  if (!is_file && base.find_first_of("@?#/ ", authority) != std::string_view::npos) {
    return absl::InvalidArgumentError(
        "a remote's URL holds no user, password, query or further path: `mreg login` keeps tokens "
        "apart from it");
  }
  return RemoteUrl{is_file ? Scheme::kFile : Scheme::kHttp, std::string(base), *repository};
}

absl::StatusOr<std::unique_ptr<Remote>> Connect(const RemoteUrl& url, const TokenFor& token_for,
                                                CreateFolder create) {
  if (url.scheme == Scheme::kFile) return ConnectFolder(url, create);
  return MakeHttpRemote({url.base, "", token_for ? token_for(url.base) : ""}, url.repository);
}

}  // namespace mreg::sync
