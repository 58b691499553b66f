#include "cli/remote_access.h"

#include <fmt/format.h>

#include "cli/credentials.h"
#include "cli/display.h"
#include "cli/hint.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

constexpr char kDefaultRemote[] = "origin";

absl::StatusOr<std::string> RemoteOfBranch(workspace::Workspace& workspace) {
  MREG_ASSIGN_OR_RETURN(const auto head, workspace.history().HeadBranch());
  if (!head) return kDefaultRemote;
  MREG_ASSIGN_OR_RETURN(const auto remote, workspace.GetConfig(BranchKey(*head, "remote")));
  return remote.value_or(kDefaultRemote);
}

// The user's token for it; "": none.
absl::StatusOr<std::string> TokenOf(const Context& context, const sync::RemoteUrl& url) {
  if (url.scheme != sync::Scheme::kHttp) return "";
  MREG_ASSIGN_OR_RETURN(const std::string registry, RegistryOf(url.base));
  return TokenFor(context.environment(), registry);
}

}  // namespace

std::string_view BranchName(std::string_view reference) {
  if (reference.starts_with(kBranchPrefix)) reference.remove_prefix(kBranchPrefix.size());
  return reference;
}

std::string BranchKey(std::string_view reference, std::string_view what) {
  return fmt::format("branch.{}.{}", BranchName(reference), what);
}

std::string RemoteKey(std::string_view name, std::string_view what) {
  return fmt::format("remote.{}.{}", name, what);
}

absl::StatusOr<NamedRemote> ChooseRemote(workspace::Workspace& workspace, std::string_view wanted) {
  std::string name(wanted);
  if (name.empty()) {
    MREG_ASSIGN_OR_RETURN(name, RemoteOfBranch(workspace));
  }
  MREG_ASSIGN_OR_RETURN(const auto remotes, workspace.Remotes());
  const auto found = remotes.find(name);
  if (found == remotes.end()) {
    return WithHint(
        absl::NotFoundError(fmt::format("there is no remote '{}'", Shown(name))),
        fmt::format("`mreg remote add {} URL` names one, `mreg remote` lists all", Shown(name)));
  }
  return NamedRemote{name, found->second};
}

absl::StatusOr<std::unique_ptr<sync::Remote>> ConnectTo(const Context& context,
                                                        const std::string& url,
                                                        sync::CreateFolder create) {
  MREG_ASSIGN_OR_RETURN(const sync::RemoteUrl parsed, sync::ParseRemoteUrl(url));
  MREG_ASSIGN_OR_RETURN(const std::string token, TokenOf(context, parsed));
  auto remote = sync::Connect(
      parsed, [&](const std::string&) { return token; }, create);
  if (!remote.ok()) return AdviseOnRemote(remote.status(), url);
  return remote;
}

absl::StatusOr<sync::RemoteVersion> VersionAt(const Context& context, const NamedRemote& remote,
                                              const CommitId& commit) {
  MREG_ASSIGN_OR_RETURN(const sync::RemoteUrl url, sync::ParseRemoteUrl(remote.url));
  MREG_ASSIGN_OR_RETURN(const std::string token, TokenOf(context, url));
  return sync::RemoteVersion{url, [token](const std::string&) { return token; }, commit};
}

absl::Status AdviseOnAttestations(absl::Status status, const NamedRemote& remote) {
  if (absl::IsNotFound(status)) {
    return WithHint(std::move(status),
                    fmt::format("has the version been pushed? `mreg push {}`", remote.name));
  }
  return AdviseOnRemote(std::move(status), remote.url);
}

absl::Status AdviseOnRemote(absl::Status status, const std::string& url) {
  if (absl::IsUnauthenticated(status)) {
    const auto registry = RegistryOf(url);
    return WithHint(std::move(status), fmt::format("`mreg login {} --token-stdin` stores a token",
                                                   registry.ok() ? *registry : "URL"));
  }
  if (absl::IsUnavailable(status)) {
    const bool is_server = url.starts_with("http");
    return WithHint(
        std::move(status),
        fmt::format("{}what came through is kept: the same command goes on from there",
                    is_server ? "is the address right, and does mregd run there? " : ""));
  }
  return status;
}

}  // namespace mreg::cli
