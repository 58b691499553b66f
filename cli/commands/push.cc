#include <fmt/format.h>

#include <utility>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/hint.h"
#include "cli/push_items.h"
#include "cli/remote_access.h"
#include "cli/terminal/progress.h"
#include "cli/transfers.h"
#include "schema/base/status.h"
#include "storage/sync/transfer.h"

namespace mreg::cli {
namespace {

using sync::PushItem;
using sync::PushOutcome;
using terminal::Json;
using workspace::Workspace;

absl::Status Advise(absl::Status status, const std::string& url) {
  if (absl::IsAborted(status) || absl::IsFailedPrecondition(status)) {
    return WithHint(std::move(status), "fetch first: `mreg pull`; tags are moved by --force only");
  }
  return AdviseOnRemote(std::move(status), url);
}

absl::StatusOr<PushOutcome> Push(Context& context, Workspace& workspace, const NamedRemote& to,
                                 std::span<const PushItem> items, const Arguments& arguments) {
  const bool is_dry = arguments.Has("dry-run");
  MREG_ASSIGN_OR_RETURN(registry::LocalStore* const store, workspace.store());
  MREG_ASSIGN_OR_RETURN(
      const auto remote,
      ConnectTo(context, to.url, is_dry ? sync::CreateFolder::kNo : sync::CreateFolder::kYes));
  terminal::ProgressBar bar(context.terminal());
  auto outcome =
      sync::Push(workspace.history(), store->content(), *remote, items,
                 arguments.Has("force") ? sync::Force::kYes : sync::Force::kNo,
                 is_dry ? sync::DryRun::kYes : sync::DryRun::kNo, "push",
                 [&](uint64_t done, uint64_t total) { bar.Update("sending", done, total); });
  if (!outcome.ok()) return Advise(outcome.status(), to.url);
  return outcome;
}

void NoteMoves(terminal::Terminal& terminal, const PushOutcome& outcome) {
  for (const history::ReferenceMove& move : outcome.moves) {
    const std::string name = ShortReference(move.name);
    if (!move.target) {
      terminal.Note(fmt::format("  removed  {}", name));
    } else if (!move.expected) {
      terminal.Note(fmt::format("  new {}  {} -> {}", move.target->ToShortHex(), name, name));
    } else {
      terminal.Note(fmt::format("  {}..{}  {} -> {}", move.expected->ToShortHex(),
                                move.target->ToShortHex(), name, name));
    }
  }
}

void NoteOutcome(Context& context, const NamedRemote& to, const PushOutcome& outcome, bool is_dry) {
  terminal::Terminal& terminal = context.terminal();
  if (outcome.moves.empty()) {
    terminal.Note(fmt::format("everything is up to date at {}", to.url));
    return;
  }
  terminal.Note(fmt::format("{} {}", is_dry ? "would push to" : "to", to.url));
  NoteMoves(terminal, outcome);
  if (outcome.chunks == 0) return;
  terminal.Note(
      fmt::format("  {}", FormatTransfer(outcome.file_bytes, outcome.chunks, outcome.sent_chunks,
                                         outcome.sent_bytes, "sent")));
}

Json OutcomeJson(const NamedRemote& to, const PushOutcome& outcome, bool is_dry) {
  return Json::Object({{"remote", to.name},
                       {"url", to.url},
                       {"dry_run", is_dry},
                       {"moves", MovesJson(outcome.moves)},
                       {"file_bytes", outcome.file_bytes},
                       {"new_bytes", outcome.new_bytes},
                       {"sent_bytes", outcome.sent_bytes},
                       {"chunks", outcome.chunks},
                       {"sent_chunks", outcome.sent_chunks}});
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  const bool is_dry = arguments.Has("dry-run");
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  MREG_ASSIGN_OR_RETURN(const NamedRemote to, ChooseRemote(*workspace, arguments.Get("REMOTE")));
  MREG_ASSIGN_OR_RETURN(const auto items, ChoosePushItems(workspace->history(), arguments));
  MREG_ASSIGN_OR_RETURN(const PushOutcome outcome, Push(context, *workspace, to, items, arguments));
  if (!is_dry) MREG_RETURN_IF_ERROR(MoveTracking(context, *workspace, to, items));
  if (!is_dry && arguments.Has("set-upstream")) {
    MREG_RETURN_IF_ERROR(FollowBranches(context, *workspace, to, items));
  }
  NoteOutcome(context, to, outcome, is_dry);
  if (arguments.wants_json()) {
    context.terminal().Print(OutcomeJson(to, outcome, is_dry).ToText());
  }
  return ExitCode::kOk;
}

constexpr Positional kPositionals[] = {
    {"REMOTE", Count::kOptional, "The remote (default: the current branch's, else origin)"},
    {"BRANCH", Count::kAny, "Branches and tags (default: the current branch)"}};

constexpr Option kOptions[] = {
    {.name = "set-upstream", .letter = 'u', .help = "Let the branches follow the remote's"},
    {.name = "tags", .help = "Push all tags too"},
    {.name = "force", .letter = 'f', .help = "Move branches that lose commits by it, and tags"},
    {.name = "delete", .letter = 'd', .help = "Remove the branches or tags there"},
    {.name = "dry-run", .letter = 'n', .help = "Only say what would be sent and moved"}};

constexpr Example kExamples[] = {
    {"push -u origin main", "Share main, and let later pushes and pulls go there."},
    {"push --tags", "Share the current branch and all tags."},
    {"push --dry-run", "See how much would be sent."}};

}  // namespace

const Command kPushCommand = {
    .name = "push",
    .group = Group::kShare,
    .summary = "Send versions to a remote",
    .goal = "push",
    .details =
        "Only chunks that the registry lacks are sent; if the connection breaks, the same "
        "command goes on where it stopped. Nothing is visible there before all of it is.",
    .positionals = kPositionals,
    .options = kOptions,
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
