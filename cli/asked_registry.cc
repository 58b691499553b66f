#include "cli/asked_registry.h"

#include <fmt/format.h>

#include "cli/credentials.h"
#include "cli/hint.h"
#include "cli/remote_access.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

constexpr std::string_view kFilePrefix = "file://";

}  // namespace

absl::StatusOr<std::string> ChooseRegistry(Context& context, const Arguments& arguments) {
  if (arguments.Has("registry")) {
    const std::string url = arguments.Get("registry");
    if (url.starts_with(kFilePrefix)) return url;
    auto registry = RegistryOf(url);
    if (registry.ok()) return registry;
    return absl::InvalidArgumentError(
        "--registry takes http://HOST[:PORT], https://HOST[:PORT] or file:///FOLDER");
  }
  const auto workspace = context.OpenWorkspace();
  if (absl::IsNotFound(workspace.status())) {
    return WithHint(workspace.status(), "name a registry with --registry URL");
  }
  MREG_RETURN_IF_ERROR(workspace.status());
  MREG_ASSIGN_OR_RETURN(const NamedRemote remote, ChooseRemote(**workspace, ""));
  MREG_ASSIGN_OR_RETURN(const sync::RemoteUrl url, sync::ParseRemoteUrl(remote.url));
  if (url.scheme == sync::Scheme::kHttp) return url.base;
  return fmt::format("{}{}", kFilePrefix, url.base);
}

absl::StatusOr<std::string> TokenForRegistry(const Context& context, const std::string& registry) {
  if (registry.starts_with(kFilePrefix)) return "";
  return TokenFor(context.environment(), registry);
}

}  // namespace mreg::cli
