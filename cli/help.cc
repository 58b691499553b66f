#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/terminal/table.h"

namespace mreg::cli {
namespace {

constexpr size_t kWidth = 80;
constexpr size_t kIndent = 2;

constexpr Option kHelpOption = {.name = "help", .letter = 'h', .help = "Show this help"};
constexpr Option kJsonOption = {.name = "json", .help = "Print JSON instead of text"};

constexpr std::array<Option, 3> kGlobalOptions = {{
    {.name = "directory", .letter = 'C', .value = "DIR", .help = "Run as if started in DIR"},
    {.name = "version", .help = "Show the version"},
    kHelpOption,
}};

constexpr std::array kGroups = {Group::kBegin, Group::kWork, Group::kLook, Group::kHistory,
                                Group::kShare, Group::kCare, Group::kSelf};

std::string FormatPositional(const Positional& positional) {
  const bool is_optional = positional.count == Count::kOptional || positional.count == Count::kAny;
  const bool is_many = positional.count == Count::kSome || positional.count == Count::kAny;
  const std::string name =
      is_optional ? fmt::format("[{}]", positional.name) : std::string(positional.name);
  return is_many ? name + "..." : name;
}

using Entry = std::pair<std::string, std::string>;  // a term and what it means

std::string FormatEntries(std::string_view title, const std::vector<Entry>& entries) {
  if (entries.empty()) return "";
  size_t column = 0;
  for (const Entry& entry : entries) column = std::max(column, entry.first.size());
  column += kIndent + 2;
  std::string text = fmt::format("\n{}:\n", title);
  for (const auto& [term, meaning] : entries) {
    std::string lines = Wrap(meaning, column, kWidth);
    lines.replace(kIndent, term.size(), term);
    text += lines;
  }
  return text;
}

}  // namespace

std::span<const Option> GlobalOptions() { return kGlobalOptions; }

std::vector<Option> AllOptions(const Command& command) {
  std::vector<Option> options(command.options.begin(), command.options.end());
  if (command.output == Output::kTextOrJson) options.push_back(kJsonOption);
  options.push_back(kHelpOption);
  return options;
}

std::string_view GroupTitle(Group group) {
  switch (group) {
    case Group::kBegin:
      return "Begin";
    case Group::kWork:
      return "Work on files";
    case Group::kLook:
      return "Look at versions";
    case Group::kHistory:
      return "Move in history";
    case Group::kShare:
      return "Share with a registry";
    case Group::kCare:
      return "Take care of what is stored";
    case Group::kSelf:
      return "mreg itself";
  }
  return "";
}

std::string FormatUsage(const Command& command) {
  std::string usage = fmt::format("mreg {}", command.name);
  if (!command.options.empty() || command.output == Output::kTextOrJson) usage += " [OPTIONS]";
  for (const Positional& positional : command.positionals) {
    usage += " " + FormatPositional(positional);
  }
  return usage;
}

std::string FormatOption(const Option& option) {
  std::string text = option.letter == 0 ? std::string() : fmt::format("-{}, ", option.letter);
  text += fmt::format("--{}", option.name);
  return option.value.empty() ? text : fmt::format("{} {}", text, option.value);
}

std::string FormatHelp(const Command& command) {
  std::string text = fmt::format("mreg {}: {}\n\nUsage: {}\n", command.name, command.summary,
                                 FormatUsage(command));
  if (!command.details.empty()) text += "\n" + Wrap(command.details, 0, kWidth);
  std::vector<Entry> positionals;
  for (const Positional& positional : command.positionals) {
    positionals.emplace_back(positional.name, positional.help);
  }
  std::vector<Entry> options;
  for (const Option& option : AllOptions(command)) {
    options.emplace_back(FormatOption(option), option.help);
  }
  text += FormatEntries("Arguments", positionals) + FormatEntries("Options", options);
  if (!command.examples.empty()) text += "\nExamples:\n";
  for (const Example& example : command.examples) {
    text += fmt::format("  mreg {}\n      {}\n", example.line, example.what);
  }
  return text;
}

std::string FormatOverview(std::span<const Command* const> commands) {
  std::string text =
      "mreg keeps models and their history: git's way of working for files of gigabytes.\n\n"
      "Usage: mreg [-C DIR] COMMAND [ARGUMENTS]\n";
  for (const Group group : kGroups) {
    terminal::Table table({terminal::Align::kLeft, terminal::Align::kLeft});
    for (const Command* command : commands) {
      if (command->group != group) continue;
      // Names of one width, so that all groups line up.
      table.AddRow({fmt::format("{:14}", command->name), std::string(command->summary)});
    }
    text += fmt::format("\n{}:\n{}", GroupTitle(group), table.ToText(kIndent));
  }
  return text + "\n`mreg help COMMAND` explains a command and shows examples.\n";
}

std::string Wrap(std::string_view text, size_t indent, size_t width) {
  std::string wrapped;
  while (!text.empty()) {
    const size_t room = width - std::min(indent, width - 1);
    size_t end = std::min(text.find('\n'), text.size());
    if (end > room) {
      const size_t blank = text.rfind(' ', room);
      end = blank == std::string_view::npos ? std::min(text.find(' '), end) : blank;
    }
    if (end > 0) wrapped.append(indent, ' ');
    wrapped += fmt::format("{}\n", text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return wrapped;
}

}  // namespace mreg::cli
