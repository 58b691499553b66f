#include "cli/run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <span>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/help.h"
#include "cli/hint.h"
#include "schema/base/display.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

using terminal::Terminal;
using Words = std::span<const std::string>;

// A message may hold names from repositories and words of a server: its lines are escaped.
std::string ShownLines(std::string_view text) {
  const size_t end = text.find('\n');
  if (end == std::string_view::npos) return EscapeForDisplay(text);
  return fmt::format("{}\n{}", EscapeForDisplay(text.substr(0, end)),
                     ShownLines(text.substr(end + 1)));
}

ExitCode Report(Terminal& terminal, std::string_view goal, const absl::Status& status) {
  const std::string what = goal.empty() ? "" : fmt::format("cannot {}: ", goal);
  terminal.Note(fmt::format("mreg: {}{}", what, ShownLines(MessageOf(status))));
  if (const auto hint = HintOf(status)) terminal.Note(fmt::format("hint: {}", *hint));
  return ExitCodeOf(status.code());
}

ExitCode ReportUnknown(Terminal& terminal, const std::string& name) {
  const auto nearest = NearestCommand(name);
  return Report(terminal, "",
                WithHint(absl::InvalidArgumentError(
                             fmt::format("there is no command '{}'", EscapeForDisplay(name))),
                         nearest ? fmt::format("did you mean `mreg {}`?", *nearest)
                                 : "`mreg help` lists all commands"));
}

ExitCode RunCommand(const Command& command, const Arguments& arguments, const GetVariable& get,
                    Terminal& terminal) {
  const auto environment = ReadEnvironment(get);
  // What mreg says about itself needs no folders.
  if (!environment.ok() && command.group != Group::kSelf) {
    return Report(terminal, command.goal, environment.status());
  }
  const Environment folders = environment.value_or(Environment());
  Interrupts interrupts;
  const SystemClock clock;
  Context context(folders, terminal, clock, interrupts);
  const auto code = command.run(context, arguments);
  return code.ok() ? *code : Report(terminal, command.goal, code.status());
}

ExitCode ParseAndRun(const Command& command, Words words, const GetVariable& get,
                     Terminal& terminal) {
  const auto arguments = ParseArguments(command, words);
  if (!arguments.ok()) {
    return Report(terminal, command.goal,
                  WithHint(arguments.status(), fmt::format("usage: {}", FormatUsage(command))));
  }
  if (arguments->wants_help()) {
    terminal.Print(FormatHelp(command));
    return ExitCode::kOk;
  }
  return RunCommand(command, *arguments, get, terminal);
}

// Takes the options in front of the command off `words`; not OK if they make no sense.
absl::Status TakeDirectory(Words& words) {
  while (!words.empty() && (words[0] == "-C" || words[0] == "--directory")) {
    if (words.size() < 2) return absl::InvalidArgumentError("-C needs a folder");
    if (chdir(words[1].c_str()) != 0) {
      return ErrnoStatus(errno, fmt::format("cannot change to {}", words[1]));
    }
    words = words.subspan(2);
  }
  return absl::OkStatus();
}

ExitCode Dispatch(Words words, const GetVariable& get, Terminal& terminal) {
  if (const absl::Status status = TakeDirectory(words); !status.ok()) {
    return Report(terminal, "", status);
  }
  if (words.empty() || words[0] == "--help" || words[0] == "-h") {
    terminal.Print(FormatOverview(AllCommands()));
    return ExitCode::kOk;
  }
  static const std::vector<std::string> kVersion = {"version"};
  if (words[0] == "--version") words = kVersion;
  const FoundCommand found = FindCommand(words);
  if (found.command == nullptr) return ReportUnknown(terminal, words[0]);
  return ParseAndRun(*found.command, words.subspan(found.words), get, terminal);
}

}  // namespace

ExitCode Run(std::vector<std::string> words, const GetVariable& get, Terminal& terminal) {
  const ExitCode code = Dispatch(words, get, terminal);
  const absl::Status flushed = terminal.Flush();
  if (absl::IsCancelled(flushed)) return ExitCode::kOutputClosed;
  if (!flushed.ok() && code == ExitCode::kOk) return Report(terminal, "", flushed);
  return code;
}

}  // namespace mreg::cli
