#include "daemon/admin_client.h"

#include <chrono>
#include <utility>

#include "daemon/api/handler.h"
#include "schema/base/status.h"
#include "storage/registry/registry.h"
#include "storage/sync/http_remote.h"

namespace mreg::daemon {
namespace {

// Checking or collecting a registry of terabytes takes hours.
constexpr std::chrono::hours kPatience{24 * 7};

class DaemonConnection final : public OwnerConnection {
 public:
  explicit DaemonConnection(std::string socket) : socket_(std::move(socket)) {}

  absl::StatusOr<std::string> Call(const std::string& method, const std::string& path,
                                   const std::string& json) override {
    return sync::CallApi({"http://localhost", socket_, ""}, method, path, json, kPatience);
  }

 private:
  const std::string socket_;
};

class FolderConnection final : public OwnerConnection {
 public:
  absl::Status Open(const std::string& directory, registry::OpenMode mode) {
    MREG_ASSIGN_OR_RETURN(registry_,
                          registry::OpenRegistry(directory, mode, {}, PosixFileSystem(), clock_));
    handler_ = api::MakeApiHandler(*registry_);
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Call(const std::string& method, const std::string& path,
                                   const std::string& json) override {
    return api::CallInProcess(*handler_, method, path, json);
  }

 private:
  const SystemClock clock_;
  std::unique_ptr<registry::Registry> registry_;
  std::unique_ptr<http::Handler> handler_;
};

}  // namespace

std::string SocketPath(const std::string& directory) { return JoinPath(directory, "mregd.sock"); }

absl::StatusOr<std::unique_ptr<OwnerConnection>> ConnectAsOwner(const std::string& directory,
                                                                IfAbsent if_absent) {
  // The daemon first: merely trying to open the folder beside it would write to its disk.
  auto daemon = std::make_unique<DaemonConnection>(SocketPath(directory));
  MREG_ASSIGN_OR_RETURN(const bool may_be_served, PosixFileSystem().Exists(SocketPath(directory)));
  if (may_be_served && !absl::IsUnavailable(daemon->Call("GET", "/healthz", "").status())) {
    return daemon;
  }
  const auto mode =
      if_absent == IfAbsent::kCreate ? registry::OpenMode::kCreate : registry::OpenMode::kExisting;
  auto folder = std::make_unique<FolderConnection>();
  const absl::Status status = folder->Open(directory, mode);
  if (absl::IsUnavailable(status)) return daemon;
  if (!status.ok()) return status;
  return folder;
}

absl::StatusOr<std::string> CallAsOwner(const std::string& directory, IfAbsent if_absent,
                                        const std::string& method, const std::string& path,
                                        const std::string& json) {
  MREG_ASSIGN_OR_RETURN(const auto connection, ConnectAsOwner(directory, if_absent));
  return connection->Call(method, path, json);
}

}  // namespace mreg::daemon
