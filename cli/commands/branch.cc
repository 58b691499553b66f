#include <fmt/format.h>

#include "cli/arguments.h"
#include "cli/author.h"
#include "cli/checkout.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/hint.h"
#include "cli/reference_names.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

using terminal::Json;
using workspace::Workspace;

absl::StatusOr<ExitCode> List(Context& context, Workspace& workspace, const Arguments& arguments) {
  const history::Repository& history = workspace.history();
  MREG_ASSIGN_OR_RETURN(
      const auto branches,
      history.references().List(arguments.Has("remotes") ? "refs/remotes/" : kBranchPrefix));
  MREG_ASSIGN_OR_RETURN(const auto head, history.HeadBranch());
  Json json = Json::Array();
  std::string text;
  for (const history::Reference& branch : branches) {
    const bool is_current = head == branch.name;
    const std::string name = ShortReference(branch.name);
    MREG_ASSIGN_OR_RETURN(const auto remote, workspace.GetConfig(BranchKey(branch.name, "remote")));
    MREG_ASSIGN_OR_RETURN(const auto merge, workspace.GetConfig(BranchKey(branch.name, "merge")));
    json.Append(Json::Object({{"name", name},
                              {"commit", branch.target.ToHex()},
                              {"current", is_current},
                              {"remote", remote},
                              {"upstream", merge}}));
    text += is_current
                ? fmt::format("* {}\n", context.terminal().Paint(terminal::Style::kGreen, name))
                : fmt::format("  {}\n", name);
  }
  context.terminal().Print(
      arguments.wants_json() ? Json::Object({{"branches", std::move(json)}}).ToText() : text);
  return ExitCode::kOk;
}

// A branch whose commits no other place keeps is not removed by accident.
absl::Status CheckMerged(Workspace& workspace, const std::string& reference,
                         const CommitId& commit) {
  std::vector<std::string> keepers = {"HEAD"};
  MREG_ASSIGN_OR_RETURN(const auto remote, workspace.GetConfig(BranchKey(reference, "remote")));
  if (remote) keepers.push_back(fmt::format("{}/{}", *remote, BranchName(reference)));
  for (const std::string& keeper : keepers) {
    const auto tip = workspace.history().Resolve(keeper);
    if (!tip.ok()) continue;
    MREG_ASSIGN_OR_RETURN(const bool is_kept, workspace.history().IsAncestor(commit, *tip));
    if (is_kept) return absl::OkStatus();
  }
  return WithHint(absl::FailedPreconditionError(fmt::format(
                      "branch {} has commits that are nowhere else", ShortReference(reference))),
                  "`mreg branch -d -f NAME` removes it all the same");
}

absl::StatusOr<ExitCode> Delete(Context& context, Workspace& workspace,
                                const Arguments& arguments) {
  history::Repository& history = workspace.history();
  const std::string reference = fmt::format("{}{}", kBranchPrefix, arguments.Get("NAME"));
  MREG_ASSIGN_OR_RETURN(const auto head, history.HeadBranch());
  if (head == reference) {
    return WithHint(
        absl::FailedPreconditionError(fmt::format("{} is checked out", ShortReference(reference))),
        "`mreg switch` to another branch first");
  }
  MREG_ASSIGN_OR_RETURN(const auto target, history.references().Read(reference));
  if (!target) {
    return absl::NotFoundError(fmt::format("there is no branch {}", ShortReference(reference)));
  }
  MREG_ASSIGN_OR_RETURN(const CommitId commit, history.Peel(*target));
  if (!arguments.Has("force")) {
    MREG_RETURN_IF_ERROR(CheckMerged(workspace, reference, commit));
  }
  MREG_ASSIGN_OR_RETURN(const auto author, ChooseAuthor(context, workspace));
  const history::ReferenceMove move{reference, target, std::nullopt};
  const Interrupts::Hold hold(context.interrupts());
  MREG_RETURN_IF_ERROR(history.references().Move(
      {&move, 1}, RecordOf(author, context.clock().Now(), "branch: deleted")));
  context.terminal().Note(
      fmt::format("removed branch {} (was {})", ShortReference(reference), commit.ToShortHex()));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  if (arguments.Has("delete")) {
    if (!arguments.Has("NAME")) return absl::InvalidArgumentError("--delete needs a branch's name");
    return Delete(context, *workspace, arguments);
  }
  if (!arguments.Has("NAME")) return List(context, *workspace, arguments);
  MREG_ASSIGN_OR_RETURN(const CommitId start,
                        ResolveRevision(workspace->history(), arguments.Get("START", "HEAD")));
  MREG_RETURN_IF_ERROR(CreateBranch(
      context, *workspace, fmt::format("{}{}", kBranchPrefix, arguments.Get("NAME")), start));
  return ExitCode::kOk;
}

constexpr Positional kPositionals[] = {
    {"NAME", Count::kOptional, "The branch to make or remove; without it branches are listed"},
    {"START", Count::kOptional, "The version that a new branch begins at (default: HEAD)"}};

constexpr Option kOptions[] = {
    {.name = "delete", .letter = 'd', .help = "Remove the branch"},
    {.name = "force", .letter = 'f', .help = "Remove it even if its commits are nowhere else"},
    {.name = "remotes", .letter = 'r', .help = "List what was last seen of remotes' branches"}};

constexpr Example kExamples[] = {{"branch", "List branches; * marks the current one."},
                                 {"branch quantised v2", "Make a branch that begins at v2."},
                                 {"branch -d quantised", "Remove it."}};

}  // namespace

const Command kBranchCommand = {
    .name = "branch",
    .group = Group::kHistory,
    .summary = "List, make or remove branches",
    .goal = "work on branches",
    .positionals = kPositionals,
    .options = kOptions,
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
