#include "cli/checkout.h"

#include <fmt/format.h>

#include "cli/author.h"
#include "cli/display.h"
#include "cli/hint.h"
#include "cli/terminal/units.h"
#include "cli/transfers.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

absl::Status Advise(absl::Status status) {
  if (!absl::IsFailedPrecondition(status)) return status;
  return WithHint(std::move(status),
                  "commit your changes first, or throw them away with `mreg restore PATH`");
}

}  // namespace

absl::StatusOr<std::optional<workspace::SparsePatterns>> SparseFrom(const Arguments& arguments) {
  if (!arguments.Has("include") && !arguments.Has("exclude")) return std::nullopt;
  return workspace::SparsePatterns::Make(arguments.All("include"), arguments.All("exclude"));
}

absl::Status ReapplySparse(Context& context, workspace::Workspace& workspace,
                           sync::Remote* remote) {
  const auto head = workspace.history().Resolve("HEAD");
  if (absl::IsNotFound(head.status())) return absl::OkStatus();
  if (!head.ok()) return head.status();
  MREG_RETURN_IF_ERROR(FetchMissing(context, workspace, *head, remote));
  terminal::ProgressBar bar(context.terminal());
  const Interrupts::Hold hold(context.interrupts());
  return Advise(workspace.ReapplySparse(ShowOn(bar, context.interrupts())));
}

absl::Status NoteLeftOut(Context& context, workspace::Workspace& workspace) {
  MREG_ASSIGN_OR_RETURN(const workspace::StatusReport status, workspace.Status());
  if (status.left_out == 0) return absl::OkStatus();
  context.terminal().Note(
      fmt::format("{} left out of the work tree; `mreg pull --include '*'` brings all",
                  terminal::FormatCount(status.left_out, "file is", "files are")));
  return absl::OkStatus();
}

workspace::FileProgress ShowOn(terminal::ProgressBar& bar, Interrupts& interrupts) {
  return [&](std::string_view path, uint64_t done, uint64_t total) {
    interrupts.EndIfPending();
    bar.Update(Shown(path), done, total);
  };
}

absl::Status CreateBranch(Context& context, workspace::Workspace& workspace,
                          const std::string& reference, const CommitId& commit) {
  MREG_ASSIGN_OR_RETURN(const auto now, workspace.history().references().Read(reference));
  if (now) {
    return absl::AlreadyExistsError(
        fmt::format("there is a branch {} already", ShortReference(reference)));
  }
  MREG_ASSIGN_OR_RETURN(const auto author, ChooseAuthor(context, workspace));
  const history::ReferenceMove move{reference, std::nullopt, ToObjectId(commit)};
  const Interrupts::Hold hold(context.interrupts());
  return workspace.history().references().Move(
      {&move, 1}, RecordOf(author, context.clock().Now(), "branch: created"));
}

absl::Status SetUpstream(Context& context, workspace::Workspace& workspace,
                         const std::string& reference, const std::string& remote,
                         const std::string& branch) {
  const Interrupts::Hold hold(context.interrupts());
  MREG_RETURN_IF_ERROR(workspace.SetConfig(BranchKey(reference, "remote"), remote));
  return workspace.SetConfig(BranchKey(reference, "merge"), branch);
}

absl::Status SwitchToBranch(Context& context, workspace::Workspace& workspace,
                            const std::string& reference, sync::Remote* remote) {
  MREG_ASSIGN_OR_RETURN(const CommitId commit, workspace.history().Resolve(reference));
  MREG_RETURN_IF_ERROR(FetchMissing(context, workspace, commit, remote));
  terminal::ProgressBar bar(context.terminal());
  const Interrupts::Hold hold(context.interrupts());
  return Advise(workspace.SwitchTo(reference, ShowOn(bar, context.interrupts())));
}

absl::Status SwitchToCommit(Context& context, workspace::Workspace& workspace,
                            const CommitId& commit, sync::Remote* remote) {
  MREG_RETURN_IF_ERROR(FetchMissing(context, workspace, commit, remote));
  terminal::ProgressBar bar(context.terminal());
  const Interrupts::Hold hold(context.interrupts());
  return Advise(workspace.Detach(commit, ShowOn(bar, context.interrupts())));
}

}  // namespace mreg::cli
