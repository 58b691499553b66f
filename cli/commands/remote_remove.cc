#include <fmt/format.h>

#include <vector>

#include "cli/arguments.h"
#include "cli/author.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/remote_access.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

using workspace::Workspace;

// What was last seen of its branches goes with the remote.
absl::Status RemoveTracking(Context& context, Workspace& workspace, const std::string& name) {
  history::References& references = workspace.history().references();
  MREG_ASSIGN_OR_RETURN(const auto tracking,
                        references.List(fmt::format("refs/remotes/{}/", name)));
  if (tracking.empty()) return absl::OkStatus();
  std::vector<history::ReferenceMove> moves;
  for (const history::Reference& reference : tracking) {
    moves.push_back({reference.name, reference.target, std::nullopt});
  }
  MREG_ASSIGN_OR_RETURN(const auto author, ChooseAuthor(context, workspace));
  return references.Move(moves, RecordOf(author, context.clock().Now(), "remote: removed"));
}

absl::Status RemoveFollowers(Workspace& workspace, const std::string& name) {
  MREG_ASSIGN_OR_RETURN(const auto branches, workspace.history().references().List(kBranchPrefix));
  for (const history::Reference& branch : branches) {
    MREG_ASSIGN_OR_RETURN(const auto remote, workspace.GetConfig(BranchKey(branch.name, "remote")));
    if (remote != name) continue;
    MREG_RETURN_IF_ERROR(workspace.UnsetConfig(BranchKey(branch.name, "remote")));
    MREG_RETURN_IF_ERROR(workspace.UnsetConfig(BranchKey(branch.name, "merge")));
  }
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  MREG_ASSIGN_OR_RETURN(const NamedRemote remote, ChooseRemote(*workspace, arguments.Get("NAME")));
  const Interrupts::Hold hold(context.interrupts());
  MREG_RETURN_IF_ERROR(RemoveTracking(context, *workspace, remote.name));
  MREG_RETURN_IF_ERROR(RemoveFollowers(*workspace, remote.name));
  MREG_RETURN_IF_ERROR(workspace->UnsetConfig(RemoteKey(remote.name, "fetch")));
  MREG_RETURN_IF_ERROR(workspace->UnsetConfig(RemoteKey(remote.name, "url")));
  return ExitCode::kOk;
}

constexpr Positional kPositionals[] = {{"NAME", Count::kOne, "The remote's name here"}};

constexpr Example kExamples[] = {{"remote remove usb", "Forget it."}};

}  // namespace

const Command kRemoteRemoveCommand = {
    .name = "remote remove",
    .group = Group::kShare,
    .summary = "Forget a remote",
    .goal = "remove the remote",
    .details = "What was last seen of its branches is forgotten too; nothing changes there.",
    .positionals = kPositionals,
    .examples = kExamples,
    .run = Run,
};

}  // namespace mreg::cli
