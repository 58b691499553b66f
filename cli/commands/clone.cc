#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "cli/arguments.h"
#include "cli/checkout.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/new_folder.h"
#include "cli/remote_access.h"
#include "cli/transfers.h"
#include "cli/versions.h"
#include "schema/base/file_system.h"
#include "schema/base/status.h"
#include "storage/kv/memory_store.h"

namespace mreg::cli {
namespace {

using terminal::Json;
using workspace::SparsePatterns;
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
                       const std::string& wanted, const std::optional<SparsePatterns>& sparse) {
  MREG_ASSIGN_OR_RETURN(const auto remote, ConnectTo(context, url, sync::CreateFolder::kNo));
  std::unique_ptr<Workspace> workspace;
  FetchReport fetched;
  {
    const Interrupts::Hold hold(context.interrupts());
    MREG_ASSIGN_OR_RETURN(workspace, MakeClone(context, directory, url));
    if (sparse) MREG_RETURN_IF_ERROR(workspace->SetSparsePatterns(*sparse));
    MREG_ASSIGN_OR_RETURN(
        fetched, FetchReferences(context, *workspace, {kOrigin, url}, *remote, sync::DryRun::kNo));
  }
  MREG_RETURN_IF_ERROR(CheckOut(context, *workspace, *remote, wanted, fetched.head));
  return sparse ? NoteLeftOut(context, *workspace) : absl::OkStatus();
}

absl::StatusOr<CommitId> WantedCommit(const history::Repository& history,
                                      const sync::FetchedHistory& fetched,
                                      const std::string& wanted, const std::string& url) {
  const std::string names[] = {
      wanted.empty() ? fetched.head : fmt::format("{}{}", kBranchPrefix, wanted),
      fmt::format("{}{}", kTagPrefix, wanted)};
  for (const std::string& name : names) {
    const auto found = std::ranges::find(fetched.references, name, &history::Reference::name);
    if (found != fetched.references.end()) return history.Peel(found->target);
  }
  return absl::NotFoundError(fmt::format(
      "{} has no {}", url, wanted.empty() ? "versions yet" : "branch or tag " + Shown(wanted)));
}

absl::StatusOr<std::vector<ArtifactId>> ArtifactsOf(const history::Repository& history,
                                                    const CommitId& commit,
                                                    const SparsePatterns& sparse) {
  std::vector<ArtifactId> artifacts;
  MREG_ASSIGN_OR_RETURN(const FileStates files, FilesOfCommit(history, commit));
  for (const auto& [path, file] : files) {
    if (file.is_artifact && sparse.Includes(path)) artifacts.push_back(file.digest);
  }
  return artifacts;
}

// The history comes into memory, to tell which files there are.
absl::StatusOr<ExitCode> ShowPlan(Context& context, const std::string& url,
                                  const Arguments& arguments, const SparsePatterns& sparse) {
  MREG_ASSIGN_OR_RETURN(const auto remote, ConnectTo(context, url, sync::CreateFolder::kNo));
  const auto objects = kv::MakeMemoryStore();
  MREG_ASSIGN_OR_RETURN(const auto history, history::OpenStored(*objects, 1, nullptr));
  const auto fetched = sync::FetchHistory(*history, *remote);
  if (!fetched.ok()) return AdviseOnRemote(fetched.status(), url);
  MREG_ASSIGN_OR_RETURN(const CommitId commit,
                        WantedCommit(*history, *fetched, arguments.Get("branch"), url));
  MREG_ASSIGN_OR_RETURN(const auto artifacts, ArtifactsOf(*history, commit, sparse));
  MREG_ASSIGN_OR_RETURN(const auto store,
                        registry::LocalStore::Open(context.paths().store, PosixFileSystem()));
  const auto plan = sync::PlanFetch(store->content(), *remote, artifacts);
  if (!plan.ok()) return AdviseOnRemote(plan.status(), url);
  NotePlan(context, *plan);
  if (arguments.wants_json()) {
    context.terminal().Print(PlanJson(*plan)
                                 .Set("dry_run", true)
                                 .Set("url", url)
                                 .Set("commit", commit.ToHex())
                                 .ToText());
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  const std::string url = arguments.Get("URL");
  MREG_ASSIGN_OR_RETURN(const sync::RemoteUrl parsed, sync::ParseRemoteUrl(url));
  MREG_ASSIGN_OR_RETURN(const auto sparse, SparseFrom(arguments));
  if (arguments.Has("dry-run")) {
    return ShowPlan(context, parsed.ToString(), arguments, sparse.value_or(SparsePatterns()));
  }
  MREG_ASSIGN_OR_RETURN(const NewFolder folder,
                        NewFolder::Claim(arguments.Get("DIR", parsed.repository.name())));
  context.interrupts().SetCleanup([&folder] { folder.Remove(); });
  const absl::Status status =
      CloneInto(context, folder.path(), parsed.ToString(), arguments.Get("branch"), sparse);
  context.interrupts().SetCleanup(nullptr);
  if (!status.ok()) {
    folder.Remove();
    return status;
  }
  context.terminal().Note(fmt::format("cloned {} into {}", parsed.ToString(), folder.path()));
  if (arguments.wants_json()) {
    context.terminal().Print(
        Json::Object({{"dry_run", false}, {"url", parsed.ToString()}, {"folder", folder.path()}})
            .ToText());
  }
  return ExitCode::kOk;
}

constexpr Positional kPositionals[] = {
    {"URL", Count::kOne, "http(s)://host[:port]/namespace/name or file:///folder/namespace/name"},
    {"DIR", Count::kOptional, "The folder to make (default: the repository's name)"}};

constexpr Option kOptions[] = {
    {.name = "branch", .letter = 'b', .value = "NAME", .help = "The branch or tag to check out"},
    kIncludeOption,
    kExcludeOption,
    kDryRunOption};

constexpr Example kExamples[] = {
    {"clone https://models.example.org/acme/vad", "Fetch the repository into ./vad."},
    {"clone -b v1 file:///srv/models/acme/vad old", "Check out the tag v1 in ./old."},
    {"clone --dry-run https://models.example.org/acme/vad", "See how much would be received."}};

}  // namespace

const Command kCloneCommand = {
    .name = "clone",
    .group = Group::kBegin,
    .summary = "Fetch a repository with its history",
    .goal = "clone",
    .details =
        "Files come for the version that is checked out only. If the connection breaks, the "
        "folder is removed, but what was received is kept in the user's store: the same "
        "command then fetches only the rest. --include and --exclude are remembered: see "
        "`mreg help pull`.",
    .positionals = kPositionals,
    .options = kOptions,
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
