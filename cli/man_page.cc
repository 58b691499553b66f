#include "cli/man_page.h"

#include <fmt/format.h>

#include <string_view>

#include "cli/exit_code.h"
#include "cli/help.h"

namespace mreg::cli {
namespace {

// Text as roff takes it: no escapes, no requests at a line's beginning, and hyphens that can be
// copied into a shell.
std::string Roff(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      escaped += c;
    }
  }
  if (escaped.starts_with('.') || escaped.starts_with('\'')) escaped.insert(0, "\\&");
  return escaped;
}

std::string FormatTerm(std::string_view term, std::string_view meaning) {
  return fmt::format(".TP\n.B {}\n{}\n", Roff(term), Roff(meaning));
}

std::string FormatSection(const Command& command) {
  std::string text = fmt::format(".SS {}\n{}.\n.PP\n.B {}\n", Roff(command.name),
                                 Roff(command.summary), Roff(FormatUsage(command)));
  if (!command.details.empty()) text += fmt::format(".PP\n{}\n", Roff(command.details));
  for (const Positional& positional : command.positionals) {
    text += FormatTerm(positional.name, positional.help);
  }
  for (const Option& option : AllOptions(command)) {
    if (option.name != "help") text += FormatTerm(FormatOption(option), option.help);
  }
  if (!command.examples.empty()) text += ".PP\nExamples:\n";
  for (const Example& example : command.examples) {
    text += FormatTerm(fmt::format("mreg {}", example.line), example.what);
  }
  return text;
}

constexpr std::string_view kDescription =
    ".SH DESCRIPTION\n"
    "mreg keeps machine\\-learning models and their history: git's way of working for files of\n"
    "gigabytes. A clone's history lies in .mreg/ in git's own form, so that git can read it; the\n"
    "content of large files is kept once, in the user's store, however many versions and clones\n"
    "share it.\n"
    ".PP\n"
    "A REVISION is a branch, a tag, REMOTE/BRANCH, HEAD, or an id or its beginning (at least 4\n"
    "digits), each with any number of ~N (the Nth ancestor) and ^N (the Nth parent) behind it.\n"
    ".PP\n"
    "Data goes to the standard output, messages and progress to the standard error.\n"
    "With \\-\\-json the output is meant for programs, and its field names stay as they are.\n";

constexpr std::string_view kSurroundings =
    ".SH ENVIRONMENT\n"
    ".TP\n.B MREG_HOME\nA folder for everything of the user: settings, tokens, store. Without it "
    "they are in\n$XDG_CONFIG_HOME/mreg (~/.config/mreg) and $XDG_DATA_HOME/mreg/store\n"
    "(~/.local/share/mreg/store).\n"
    ".TP\n.B MREG_TOKEN\nThe token for every registry, in place of those that login keeps.\n"
    ".TP\n.B MREG_AUTHOR\nThe author of commits: Name <address>.\n"
    ".TP\n.B NO_COLOR\nIf it is not empty, no colours are used.\n"
    ".SH FILES\n"
    ".TP\n.B .mreg/\nA clone's history, index and configuration, in git's form.\n"
    ".TP\n.B .mregignore\nNames of files to be left out, as in .gitignore.\n"
    ".TP\n.B settings.toml\nThe user's settings.\n"
    ".TP\n.B credentials.toml\nTokens by registry. Refused if others can read it.\n"
    ".SH SEE ALSO\n"
    ".BR git (1)\n";

}  // namespace

std::string FormatManPage(std::span<const Command* const> commands) {
  std::string text = fmt::format(
      ".TH MREG 1 \"\" \"mreg {}\" \"User Commands\"\n"
      ".SH NAME\nmreg \\- a model registry and version control for models\n"
      ".SH SYNOPSIS\n.B mreg\n[\\fB\\-C\\fR DIR] COMMAND [ARGUMENTS]\n{}",
      MREG_VERSION, kDescription);
  text += ".SH OPTIONS\n";
  for (const Option& option : GlobalOptions())
    text += FormatTerm(FormatOption(option), option.help);
  text += ".SH COMMANDS\n";
  for (const Command* command : commands) text += FormatSection(*command);
  text += ".SH EXIT STATUS\n";
  for (const ExitCodeText& code : ExitCodeTexts()) {
    text += FormatTerm(fmt::format("{}", static_cast<int>(code.code)), code.meaning);
  }
  return text + std::string(kSurroundings);
}

}  // namespace mreg::cli
