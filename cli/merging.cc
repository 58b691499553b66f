#include "cli/merging.h"

#include <fmt/format.h>

#include <map>

#include "cli/author.h"
#include "cli/checkout.h"
#include "cli/display.h"
#include "cli/hint.h"
#include "cli/transfers.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

using terminal::Json;
using workspace::Workspace;
using MergeReport = Workspace::MergeReport;

std::map<std::string, Workspace::Side> Choices(const Arguments& arguments) {
  std::map<std::string, Workspace::Side> choose;
  for (const std::string& path : arguments.All("ours")) choose[path] = Workspace::Side::kOurs;
  for (const std::string& path : arguments.All("theirs")) choose[path] = Workspace::Side::kTheirs;
  return choose;
}

absl::Status CheckForward(const history::Repository& history, const CommitId& head,
                          const CommitId& other) {
  MREG_ASSIGN_OR_RETURN(const bool is_forward, history.IsAncestor(head, other));
  MREG_ASSIGN_OR_RETURN(const bool is_known, history.IsAncestor(other, head));
  if (is_forward || is_known) return absl::OkStatus();
  return WithHint(absl::FailedPreconditionError("both sides have commits that the other lacks"),
                  "without --ff-only they are merged");
}

std::string_view KindName(MergeReport::Kind kind) {
  switch (kind) {
    case MergeReport::Kind::kUpToDate:
      return "up-to-date";
    case MergeReport::Kind::kFastForward:
      return "fast-forward";
    case MergeReport::Kind::kMerged:
      return "merged";
    case MergeReport::Kind::kConflicts:
      return "conflicts";
  }
  return "";
}

}  // namespace

absl::StatusOr<MergeReport> MergeCommit(Context& context, Workspace& workspace,
                                        const CommitId& other, const std::string& name,
                                        const Arguments& arguments, sync::Remote* remote) {
  const auto head = workspace.history().Resolve("HEAD");
  // Without a commit yet there is nothing to lose: any version is a step forward.
  if (!head.ok() && !absl::IsNotFound(head.status())) return head.status();
  if (head.ok() && arguments.Has("ff-only")) {
    MREG_RETURN_IF_ERROR(CheckForward(workspace.history(), *head, other));
  }
  MREG_RETURN_IF_ERROR(FetchMissing(context, workspace, other, remote));
  MREG_ASSIGN_OR_RETURN(const auto author, ChooseAuthor(context, workspace));
  const std::string message = arguments.Get("message", fmt::format("Merge {}", name));
  terminal::ProgressBar bar(context.terminal());
  const Interrupts::Hold hold(context.interrupts());
  auto report = workspace.Merge(other, message, author, Choices(arguments),
                                ShowOn(bar, context.interrupts()));
  if (absl::IsFailedPrecondition(report.status())) {
    return WithHint(report.status(), "`mreg status` shows what is not committed yet");
  }
  return report;
}

ExitCode NoteMerge(Context& context, const MergeReport& report) {
  terminal::Terminal& terminal = context.terminal();
  const std::string commit = report.commit ? report.commit->ToShortHex() : "";
  switch (report.kind) {
    case MergeReport::Kind::kUpToDate:
      terminal.Note("already up to date");
      return ExitCode::kOk;
    case MergeReport::Kind::kFastForward:
      terminal.Note(fmt::format("moved forward to {}", commit));
      return ExitCode::kOk;
    case MergeReport::Kind::kMerged:
      terminal.Note(fmt::format("merged as {}", commit));
      return ExitCode::kOk;
    case MergeReport::Kind::kConflicts:
      break;
  }
  terminal.Note("mreg: not merged, nothing was changed: both sides changed");
  for (const history::MergeConflict& conflict : report.conflicts) {
    terminal.Note(fmt::format("  {}  ({})", Shown(conflict.path), ConflictName(conflict.kind)));
  }
  terminal.Note("hint: run it again with --ours PATH or --theirs PATH for each of them");
  return ExitCode::kConflict;
}

Json MergeJson(const MergeReport& report) {
  Json conflicts = Json::Array();
  for (const history::MergeConflict& conflict : report.conflicts) {
    conflicts.Append(
        Json::Object({{"path", conflict.path}, {"kind", ConflictName(conflict.kind)}}));
  }
  return Json::Object({{"result", KindName(report.kind)},
                       {"commit", IdJson(report.commit)},
                       {"conflicts", std::move(conflicts)}});
}

}  // namespace mreg::cli
