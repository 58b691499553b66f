#include <fmt/format.h>

#include <memory>

#include "cli/arguments.h"
#include "cli/checkout.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/new_folder.h"
#include "cli/remote_access.h"
#include "cli/transfers.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

using workspace::Workspace;

constexpr char kOrigin[] = "origin";

// `wanted` is a branch or tag; empty: the remote's main branch.
absl::Status CheckOut(Context& context, Workspace& workspace, sync::Remote& remote,
                      const std::string& wanted, const std::string& head) {
  const std::string branch = wanted.empty() ? head : fmt::format("{}{}", kBranchPrefix, wanted);
  const auto& references = workspace.history().references();
  MREG_ASSIGN_OR_RETURN(const auto tip, references.Read(TrackingReference(kOrigin, branch)));
  if (tip) {
    MREG_ASSIGN_OR_RETURN(const CommitId commit, workspace.history().Peel(*tip));
    MREG_RETURN_IF_ERROR(SetUpstream(context, workspace, branch, kOrigin, branch));
    MREG_RETURN_IF_ERROR(CreateBranch(context, workspace, branch, commit));
    return SwitchToBranch(context, workspace, branch, &remote);
  }
  MREG_ASSIGN_OR_RETURN(const auto tag, references.Read(fmt::format("{}{}", kTagPrefix, wanted)));
  if (tag) {
    MREG_ASSIGN_OR_RETURN(const CommitId commit, workspace.history().Peel(*tag));
    return SwitchToCommit(context, workspace, commit, &remote);
  }
  if (!wanted.empty()) {
    return absl::NotFoundError(
        fmt::format("{} has no branch or tag {}", remote.url(), Shown(wanted)));
  }
  context.terminal().Note("the repository has no versions yet");
  const Interrupts::Hold hold(context.interrupts());
  return workspace.history().SetHeadBranch(branch);
}

absl::StatusOr<std::unique_ptr<Workspace>> MakeClone(Context& context, const std::string& directory,
                                                     const std::string& url) {
  MREG_ASSIGN_OR_RETURN(auto workspace,
                        workspace::InitWorkspace(directory, context.paths(), context.clock()));
  MREG_RETURN_IF_ERROR(workspace->SetConfig(RemoteKey(kOrigin, "url"), url));
  MREG_RETURN_IF_ERROR(
      workspace->SetConfig(RemoteKey(kOrigin, "fetch"), "+refs/heads/*:refs/remotes/origin/*"));
  return workspace;
}

// Whatever writes to the folder holds signals off, so that nothing writes to it while it is being
// removed again. Files come to the user's store first, without a hold.
absl::Status CloneInto(Context& context, const std::string& directory, const std::string& url,
                       const std::string& wanted) {
  MREG_ASSIGN_OR_RETURN(const auto remote, ConnectTo(context, url, sync::CreateFolder::kNo));
  std::unique_ptr<Workspace> workspace;
  FetchReport fetched;
  {
    const Interrupts::Hold hold(context.interrupts());
    MREG_ASSIGN_OR_RETURN(workspace, MakeClone(context, directory, url));
    MREG_ASSIGN_OR_RETURN(fetched, FetchReferences(context, *workspace, {kOrigin, url}, *remote));
  }
  return CheckOut(context, *workspace, *remote, wanted, fetched.head);
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  const std::string url = arguments.Get("URL");
  MREG_ASSIGN_OR_RETURN(const sync::RemoteUrl parsed, sync::ParseRemoteUrl(url));
  MREG_ASSIGN_OR_RETURN(const NewFolder folder,
                        NewFolder::Claim(arguments.Get("DIR", parsed.repository.name())));
  context.interrupts().SetCleanup([&folder] { folder.Remove(); });
  const absl::Status status =
      CloneInto(context, folder.path(), parsed.ToString(), arguments.Get("branch"));
  context.interrupts().SetCleanup(nullptr);
  if (!status.ok()) {
    folder.Remove();
    return status;
  }
  context.terminal().Note(fmt::format("cloned {} into {}", parsed.ToString(), folder.path()));
  return ExitCode::kOk;
}

constexpr Positional kPositionals[] = {
    {"URL", Count::kOne, "http(s)://host[:port]/namespace/name or file:///folder/namespace/name"},
    {"DIR", Count::kOptional, "The folder to make (default: the repository's name)"}};

constexpr Option kOptions[] = {
    {.name = "branch", .letter = 'b', .value = "NAME", .help = "The branch or tag to check out"}};

constexpr Example kExamples[] = {
    {"clone https://models.example.org/acme/vad", "Fetch the repository into ./vad."},
    {"clone -b v1 file:///srv/models/acme/vad old", "Check out the tag v1 in ./old."}};

}  // namespace

const Command kCloneCommand = {
    .name = "clone",
    .group = Group::kBegin,
    .summary = "Fetch a repository with its history",
    .goal = "clone",
    .details =
        "Files come for the version that is checked out only. If the connection breaks, the "
        "folder is removed, but what was received is kept in the user's store: the same "
        "command then fetches only the rest.",
    .positionals = kPositionals,
    .options = kOptions,
    .examples = kExamples,
    .run = Run,
};

}  // namespace mreg::cli
