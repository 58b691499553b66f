#include "daemon/admin_client.h"

#include <chrono>

#include "daemon/api/handler.h"
#include "schema/base/status.h"
#include "storage/registry/registry.h"
#include "storage/sync/http_remote.h"

namespace mreg::daemon {

namespace {

// A check reads everything the registry holds. A daemon that dies meanwhile ends the wait.
constexpr std::chrono::seconds kPatience = std::chrono::hours(24 * 7);

}  // namespace

std::string SocketPath(const std::string& directory) { return JoinPath(directory, "mregd.sock"); }

absl::StatusOr<std::string> CallAsOwner(const std::string& directory, IfAbsent if_absent,
                                        const std::string& method, const std::string& path,
                                        const std::string& json) {
  // The daemon first: merely trying to open the folder beside it would write to its disk.
  const std::string socket = SocketPath(directory);
  MREG_ASSIGN_OR_RETURN(const bool may_be_served, PosixFileSystem().Exists(socket));
  if (may_be_served) {
    auto answer = sync::CallApi({"http://localhost", socket, ""}, method, path, json, kPatience);
    if (!absl::IsUnavailable(answer.status())) return answer;
  }
  const SystemClock clock;
  const auto mode =
      if_absent == IfAbsent::kCreate ? registry::OpenMode::kCreate : registry::OpenMode::kExisting;
  const auto registry = registry::OpenRegistry(directory, mode, {}, PosixFileSystem(), clock);
  if (absl::IsUnavailable(registry.status())) {
    return sync::CallApi({"http://localhost", socket, ""}, method, path, json, kPatience);
  }
  if (!registry.ok()) return registry.status();
  const auto handler = api::MakeApiHandler(**registry);
  return api::CallInProcess(*handler, method, path, json);
}

}  // namespace mreg::daemon
