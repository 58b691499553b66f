// Remotes by the names that a clone gives them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/context.h"
#include "storage/sync/attestations.h"
#include "storage/sync/connect.h"
#include "storage/sync/remote.h"

namespace mreg::cli {

struct NamedRemote {
  std::string name;  // "origin"
  std::string url;
};

inline constexpr std::string_view kBranchPrefix = "refs/heads/";
inline constexpr std::string_view kTagPrefix = "refs/tags/";

// "main" of refs/heads/main. Anything else stays as it is.
std::string_view BranchName(std::string_view reference);

// The name of a branch's setting: "branch.main.remote" of refs/heads/main. Its value "merge" is
// the branch's reference on that remote.
std::string BranchKey(std::string_view reference, std::string_view what);
// "remote.origin.url" of origin.
std::string RemoteKey(std::string_view name, std::string_view what);

// `wanted`; if it is empty, the remote of the branch HEAD is on, else origin. NotFound if the
// clone has none of that name.
absl::StatusOr<NamedRemote> ChooseRemote(workspace::Workspace& workspace, std::string_view wanted);
// With the user's token for the URL's registry.
absl::StatusOr<std::unique_ptr<sync::Remote>> ConnectTo(const Context& context,
                                                        const std::string& url,
                                                        sync::CreateFolder create);

// A version as the registry behind `remote` is asked about it, with the user's token.
absl::StatusOr<sync::RemoteVersion> VersionAt(const Context& context, const NamedRemote& remote,
                                              const CommitId& commit);
// `status` of asking for a version's attestations, with advice.
absl::Status AdviseOnAttestations(absl::Status status, const NamedRemote& remote);

// `status` with the advice that fits every command that speaks with a registry.
absl::Status AdviseOnRemote(absl::Status status, const std::string& url);

}  // namespace mreg::cli
