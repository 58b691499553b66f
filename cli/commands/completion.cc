#include <fmt/format.h>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/commands.h"
#include "cli/completion_script.h"
#include "cli/context.h"

namespace mreg::cli {
namespace {

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  const auto shell = ParseShell(arguments.Get("SHELL"));
  if (!shell) return absl::InvalidArgumentError("the shell is one of bash, zsh and fish");
  context.terminal().Print(FormatCompletionScript(*shell, AllCommands()));
  return ExitCode::kOk;
}

constexpr Positional kPositionals[] = {{"SHELL", Count::kOne, "bash, zsh or fish"}};

constexpr Example kExamples[] = {
    {"completion bash > ~/.local/share/bash-completion/completions/mreg", "For bash."},
    {"completion zsh > ~/.zfunc/_mreg", "For zsh, with ~/.zfunc in its fpath."},
    {"completion fish > ~/.config/fish/completions/mreg.fish", "For fish."}};

}  // namespace

const Command kCompletionCommand = {
    .name = "completion",
    .group = Group::kSelf,
    .summary = "Print a script that completes commands in a shell",
    .goal = "print the script",
    .positionals = kPositionals,
    .examples = kExamples,
    .run = Run,
};

}  // namespace mreg::cli
