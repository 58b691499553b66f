#include <fmt/format.h>

#include "cli/arguments.h"
#include "cli/checkout.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/hint.h"
#include "cli/reference_names.h"
#include "cli/transfers.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

using workspace::Workspace;

absl::Status NoSuchBranch(std::string_view name) {
  return WithHint(
      absl::NotFoundError(fmt::format("there is no branch {}", Shown(name))),
      "`mreg switch -c NAME` makes one, `mreg switch --detach REVISION` shows any version");
}

// Makes the branch from the one remote that has one of that name, as git does.
absl::Status CreateFromRemote(Context& context, Workspace& workspace, const std::string& name) {
  const std::string reference = fmt::format("{}{}", kBranchPrefix, name);
  MREG_ASSIGN_OR_RETURN(const auto remotes, workspace.Remotes());
  std::optional<std::string> owner;
  for (const auto& [remote, url] : remotes) {
    MREG_ASSIGN_OR_RETURN(const auto tip, workspace.history().references().Read(
                                              TrackingReference(remote, reference)));
    if (!tip) continue;
    if (owner) {
      return absl::InvalidArgumentError(
          fmt::format("several remotes have a branch {}", Shown(name)));
    }
    owner = remote;
  }
  if (!owner) return NoSuchBranch(name);
  MREG_ASSIGN_OR_RETURN(const CommitId commit,
                        workspace.history().Resolve(TrackingReference(*owner, reference)));
  MREG_RETURN_IF_ERROR(CreateBranch(context, workspace, reference, commit));
  return SetUpstream(context, workspace, reference, *owner, reference);
}

absl::Status Switch(Context& context, Workspace& workspace, const Arguments& arguments) {
  const std::string name = arguments.Get("NAME");
  const std::string reference = fmt::format("{}{}", kBranchPrefix, name);
  if (arguments.Has("create")) {
    MREG_ASSIGN_OR_RETURN(const CommitId start,
                          ResolveRevision(workspace.history(), arguments.Get("START", "HEAD")));
    MREG_RETURN_IF_ERROR(CreateBranch(context, workspace, reference, start));
  } else {
    MREG_ASSIGN_OR_RETURN(const auto tip, workspace.history().references().Read(reference));
    if (!tip) MREG_RETURN_IF_ERROR(CreateFromRemote(context, workspace, name));
  }
  return SwitchToBranch(context, workspace, reference, nullptr);
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  const std::string name = arguments.Get("NAME");
  if (arguments.Has("detach")) {
    MREG_ASSIGN_OR_RETURN(const CommitId commit, ResolveRevision(workspace->history(), name));
    MREG_RETURN_IF_ERROR(SwitchToCommit(context, *workspace, commit, nullptr));
    context.terminal().Note(fmt::format("HEAD is at {}, on no branch", commit.ToShortHex()));
    return ExitCode::kOk;
  }
  MREG_RETURN_IF_ERROR(Switch(context, *workspace, arguments));
  context.terminal().Note(fmt::format("on branch {}", Shown(name)));
  return ExitCode::kOk;
}

constexpr Positional kPositionals[] = {
    {"NAME", Count::kOne, "The branch; with --detach any version"},
    {"START", Count::kOptional, "The version that a new branch begins at (default: HEAD)"}};

constexpr Option kOptions[] = {
    {.name = "create", .letter = 'c', .help = "Make the branch first"},
    {.name = "detach", .letter = 'd', .help = "Check a version out, on no branch"}};

constexpr Example kExamples[] = {
    {"switch main", "Check the branch main out."},
    {"switch -c quantised v2", "Make a branch at v2 and check it out."},
    {"switch --detach v1", "Look at v1."}};

}  // namespace

const Command kSwitchCommand = {
    .name = "switch",
    .group = Group::kHistory,
    .summary = "Check out a branch",
    .goal = "switch",
    .details =
        "Only files that differ are touched, and local changes are never overwritten. "
        "Files that are not here yet are fetched.",
    .positionals = kPositionals,
    .options = kOptions,
    .examples = kExamples,
    .run = Run,
};

}  // namespace mreg::cli
