#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/remote_access.h"
#include "cli/transfers.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  MREG_ASSIGN_OR_RETURN(const NamedRemote from, ChooseRemote(*workspace, arguments.Get("REMOTE")));
  MREG_ASSIGN_OR_RETURN(const auto remote, ConnectTo(context, from.url, sync::CreateFolder::kNo));
  const bool is_dry = arguments.Has("dry-run");
  MREG_ASSIGN_OR_RETURN(const FetchReport report,
                        FetchReferences(context, *workspace, from, *remote,
                                        is_dry ? sync::DryRun::kYes : sync::DryRun::kNo));
  NoteFetch(context, from, report);
  if (is_dry) context.terminal().Note("nothing was moved: this was a dry run");
  if (arguments.wants_json()) {
    context.terminal().Print(FetchJson(from, report).Set("dry_run", is_dry).ToText());
  }
  return ExitCode::kOk;
}

constexpr Positional kPositionals[] = {
    {"REMOTE", Count::kOptional, "The remote (default: the current branch's, else origin)"}};

constexpr Option kOptions[] = {kDryRunOption};

constexpr Example kExamples[] = {
    {"fetch", "See what is new, without changing any of your files."},
    {"fetch --dry-run", "See what is new, without taking note of it."}};

}  // namespace

const Command kFetchCommand = {
    .name = "fetch",
    .group = Group::kShare,
    .summary = "Bring a remote's history",
    .goal = "fetch",
    .details =
        "Its branches are then known as REMOTE/BRANCH, and its new tags as here; a tag that "
        "is here already is never moved. Files come when a version is checked out.",
    .positionals = kPositionals,
    .options = kOptions,
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
