#include "cli/help.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/hint.h"
#include "cli/man_page.h"

namespace mreg::cli {
namespace {

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  terminal::Terminal& terminal = context.terminal();
  if (arguments.Has("man")) {
    terminal.Print(FormatManPage(AllCommands()));
    return ExitCode::kOk;
  }
  const std::vector<std::string> words = arguments.All("COMMAND");
  if (words.empty()) {
    terminal.Print(FormatOverview(AllCommands()));
    return ExitCode::kOk;
  }
  const FoundCommand found = FindCommand(words);
  if (found.command == nullptr) {
    const auto nearest = NearestCommand(words[0]);
    return WithHint(
        absl::NotFoundError(fmt::format("there is no command '{}'",
                                        Shown(fmt::format("{}", fmt::join(words, " "))))),
        nearest ? fmt::format("did you mean `mreg help {}`?", *nearest) : "`mreg help` lists all");
  }
  terminal.Print(FormatHelp(*found.command));
  return ExitCode::kOk;
}

constexpr Positional kPositionals[] = {{"COMMAND", Count::kAny, "What to explain"}};

constexpr Option kOptions[] = {{.name = "man", .help = "Print the manual page in roff"}};

constexpr Example kExamples[] = {{"help push", "How to push."},
                                 {"help remote add", "How to name a remote."}};

}  // namespace

const Command kHelpCommand = {
    .name = "help",
    .group = Group::kSelf,
    .summary = "Explain a command",
    .goal = "help",
    .positionals = kPositionals,
    .options = kOptions,
    .examples = kExamples,
    .run = Run,
};

}  // namespace mreg::cli
