#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "cli/arguments.h"
#include "cli/checkout.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/hint.h"
#include "cli/merging.h"
#include "cli/remote_access.h"
#include "cli/transfers.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

using terminal::Json;
using workspace::SparsePatterns;
using workspace::Workspace;

// The remote's branch that the current one follows: the one named, the one configured, the one of
// the same name.
absl::StatusOr<std::string> BranchToPull(Workspace& workspace, const Arguments& arguments) {
  if (arguments.Has("BRANCH")) return fmt::format("{}{}", kBranchPrefix, arguments.Get("BRANCH"));
  MREG_ASSIGN_OR_RETURN(const auto head, workspace.history().HeadBranch());
  if (!head) {
    return WithHint(absl::FailedPreconditionError("HEAD is on no branch"),
                    "`mreg switch BRANCH`, or `mreg pull REMOTE BRANCH`");
  }
  MREG_ASSIGN_OR_RETURN(const auto merge, workspace.GetConfig(BranchKey(*head, "merge")));
  return merge && merge->starts_with(kBranchPrefix) ? *merge : *head;
}

// The branch's place after the fetch, also if that was a dry run.
absl::StatusOr<CommitId> TipOf(const history::Repository& history, const NamedRemote& from,
                               const std::string& branch, const FetchReport& fetched) {
  const std::string tracking = TrackingReference(from.name, branch);
  const auto move = std::ranges::find(fetched.moves, tracking, &history::ReferenceMove::name);
  if (move != fetched.moves.end()) return history.Peel(*move->target);
  const auto tip = history.Resolve(tracking);
  if (!absl::IsNotFound(tip.status())) return tip;
  return absl::NotFoundError(fmt::format("{} has no branch {}", from.url, ShortReference(branch)));
}

absl::StatusOr<ExitCode> ShowPlan(Context& context, Workspace& workspace, const CommitId& tip,
                                  const std::optional<SparsePatterns>& sparse, Json fetched,
                                  sync::Remote& remote, bool wants_json) {
  MREG_ASSIGN_OR_RETURN(const auto missing, sparse ? workspace.MissingFiles(tip, *sparse)
                                                   : workspace.MissingFiles(tip));
  MREG_ASSIGN_OR_RETURN(const sync::FetchPlan plan, PlanFetch(workspace, missing, remote));
  NotePlan(context, plan);
  if (wants_json) {
    context.terminal().Print(PlanJson(plan)
                                 .Set("dry_run", true)
                                 .Set("commit", tip.ToHex())
                                 .Set("fetched", std::move(fetched))
                                 .ToText());
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const auto sparse, SparseFrom(arguments));
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  MREG_ASSIGN_OR_RETURN(const std::string branch, BranchToPull(*workspace, arguments));
  MREG_ASSIGN_OR_RETURN(const NamedRemote from, ChooseRemote(*workspace, arguments.Get("REMOTE")));
  MREG_ASSIGN_OR_RETURN(const auto remote, ConnectTo(context, from.url, sync::CreateFolder::kNo));
  const bool is_dry = arguments.Has("dry-run");
  MREG_ASSIGN_OR_RETURN(const FetchReport fetched,
                        FetchReferences(context, *workspace, from, *remote,
                                        is_dry ? sync::DryRun::kYes : sync::DryRun::kNo));
  NoteFetch(context, from, fetched);
  MREG_ASSIGN_OR_RETURN(const CommitId tip, TipOf(workspace->history(), from, branch, fetched));
  if (is_dry) {
    return ShowPlan(context, *workspace, tip, sparse, FetchJson(from, fetched), *remote,
                    arguments.wants_json());
  }
  if (sparse) MREG_RETURN_IF_ERROR(workspace->SetSparsePatterns(*sparse));
  const std::string name = fmt::format("{}/{}", from.name, ShortReference(branch));
  MREG_ASSIGN_OR_RETURN(const auto report,
                        MergeCommit(context, *workspace, tip, name, arguments, remote.get()));
  if (sparse) {
    MREG_RETURN_IF_ERROR(ReapplySparse(context, *workspace, remote.get()));
    MREG_RETURN_IF_ERROR(NoteLeftOut(context, *workspace));
  }
  if (arguments.wants_json()) {
    context.terminal().Print(MergeJson(report).Set("fetched", FetchJson(from, fetched)).ToText());
  }
  return NoteMerge(context, report);
}

constexpr Positional kPositionals[] = {
    {"REMOTE", Count::kOptional, "The remote (default: the current branch's, else origin)"},
    {"BRANCH", Count::kOptional, "Its branch (default: the one that the current branch follows)"}};

constexpr Option kOptions[] = {kForwardOption, kOursOption,    kTheirsOption,
                               kIncludeOption, kExcludeOption, kDryRunOption};

constexpr Example kExamples[] = {
    {"pull", "Take over what others pushed."},
    {"pull --dry-run", "See how much would be received."},
    {"pull --include '*.int8.onnx'", "Have only these models from now on, of all later versions."},
    {"pull --theirs model.onnx", "The same, with their model where both changed it."}};

}  // namespace

const Command kPullCommand = {
    .name = "pull",
    .group = Group::kShare,
    .summary = "Fetch and merge",
    .goal = "pull",
    .details =
        "Does what fetch does, and then what merge does with the branch that the current "
        "one follows. --include and --exclude take patterns as in .gitignore, in place of those "
        "that the clone had before; what they leave out is not fetched, and stays in the versions "
        "that you commit. Files that hold the tensors of an included model come with it. A dry run "
        "keeps no file and moves nothing; of a model that is not here yet it does not know the "
        "files that hold its tensors.",
    .positionals = kPositionals,
    .options = kOptions,
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
