#include <fmt/format.h>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  const Interrupts::Hold hold(context.interrupts());
  MREG_ASSIGN_OR_RETURN(
      const auto workspace,
      workspace::InitWorkspace(arguments.Get("DIR", "."), context.paths(), context.clock()));
  if (arguments.Has("initial-branch")) {
    const std::string branch = fmt::format("refs/heads/{}", arguments.Get("initial-branch"));
    MREG_RETURN_IF_ERROR(workspace->history().SetHeadBranch(branch));
  }
  context.terminal().Note(fmt::format("began an empty repository in {}", workspace->root()));
  return ExitCode::kOk;
}

constexpr Positional kPositionals[] = {
    {"DIR", Count::kOptional, "The folder, which is made if it is not there (default: this one)"}};

constexpr Option kOptions[] = {{.name = "initial-branch",
                                .letter = 'b',
                                .value = "NAME",
                                .help = "The name of the first branch (default: main)"}};

constexpr Example kExamples[] = {{"init vad", "Begin a repository in the new folder vad."}};

}  // namespace

const Command kInitCommand = {
    .name = "init",
    .group = Group::kBegin,
    .summary = "Begin a repository",
    .goal = "begin a repository",
    .details =
        "The history is kept in .mreg/, in git's own form; the content of large files in "
        "the user's store, which all clones share.",
    .positionals = kPositionals,
    .options = kOptions,
    .examples = kExamples,
    .run = Run,
};

}  // namespace mreg::cli
