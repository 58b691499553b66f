#include "cli/arguments.h"
#include "cli/checkout.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/reference_names.h"
#include "cli/transfers.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

using RestoreWhat = workspace::Workspace::RestoreWhat;

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  MREG_ASSIGN_OR_RETURN(const std::string here, context.CurrentDirectory());
  std::optional<CommitId> source;
  if (arguments.Has("source")) {
    MREG_ASSIGN_OR_RETURN(source, ResolveRevision(workspace->history(), arguments.Get("source")));
  }
  const RestoreWhat what = arguments.Has("staged") ? RestoreWhat::kIndex : RestoreWhat::kWorkTree;
  if (what == RestoreWhat::kWorkTree) {
    MREG_ASSIGN_OR_RETURN(const auto missing,
                          workspace->MissingToRestore(arguments.All("PATH"), here, source));
    MREG_RETURN_IF_ERROR(FetchFiles(context, *workspace, missing, nullptr));
  }
  terminal::ProgressBar bar(context.terminal());
  const Interrupts::Hold hold(context.interrupts());
  MREG_RETURN_IF_ERROR(workspace->Restore(arguments.All("PATH"), here, what, source,
                                          ShowOn(bar, context.interrupts())));
  return ExitCode::kOk;
}

constexpr Positional kPositionals[] = {
    {"PATH", Count::kSome, "Files, and folders with everything below"}};

constexpr Option kOptions[] = {
    {.name = "staged",
     .letter = 'S',
     .help = "Take changes out of the next commit, and leave the work tree"},
    {.name = "source",
     .letter = 's',
     .value = "REVISION",
     .help = "The version to take the files from (default: what was added; with --staged HEAD)"}};

constexpr Example kExamples[] = {
    {"restore model.onnx", "Throw away changes that were not added."},
    {"restore --staged model.onnx", "Do not take the file into the next commit after all."},
    {"restore --source v1 model.onnx", "Bring the file back as it was in v1."}};

}  // namespace

const Command kRestoreCommand = {
    .name = "restore",
    .group = Group::kWork,
    .summary = "Bring files back",
    .goal = "restore",
    .details = "Changes in the named files are lost.",
    .positionals = kPositionals,
    .options = kOptions,
    .examples = kExamples,
    .run = Run,
};

}  // namespace mreg::cli
