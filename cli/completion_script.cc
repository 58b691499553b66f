#include "cli/completion_script.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <set>
#include <vector>

#include "cli/help.h"

namespace mreg::cli {
namespace {

using Commands = std::span<const Command* const>;

// In single quotes, as all three shells take it.
std::string Quote(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string_view FirstWord(std::string_view name) { return name.substr(0, name.find(' ')); }

std::string_view SecondWord(std::string_view name) {
  const size_t blank = name.find(' ');
  return blank == std::string_view::npos ? "" : name.substr(blank + 1);
}

// First words, with the second words that may follow them.
std::map<std::string, std::vector<std::string>> Families(Commands commands) {
  std::map<std::string, std::vector<std::string>> families;
  for (const Command* command : commands) {
    auto& family = families[std::string(FirstWord(command->name))];
    const std::string_view second = SecondWord(command->name);
    if (!second.empty()) family.emplace_back(second);
  }
  return families;
}

std::string FirstWords(Commands commands) {
  std::vector<std::string> words;
  for (const auto& [word, family] : Families(commands)) words.push_back(word);
  return fmt::format("{}", fmt::join(words, " "));
}

std::string OptionWords(const Command& command) {
  std::vector<std::string> words;
  for (const Option& option : AllOptions(command)) {
    words.push_back(fmt::format("--{}", option.name));
    if (option.letter != 0) words.push_back(fmt::format("-{}", option.letter));
  }
  return fmt::format("{}", fmt::join(words, " "));
}

// The lines of a case statement over the words so far, as bash and zsh share it.
std::string CaseLines(Commands commands) {
  std::string lines;
  for (const Command* command : commands) {
    const std::string_view second = SecondWord(command->name);
    lines += fmt::format(
        "    {}) options={} ;;\n",
        Quote(fmt::format("{} {}", FirstWord(command->name), second)) + (second.empty() ? "*" : ""),
        Quote(OptionWords(*command)));
  }
  for (const auto& [word, family] : Families(commands)) {
    if (family.empty()) continue;
    lines += fmt::format("    {}) seconds={} ;;\n", Quote(word + " "),
                         Quote(fmt::format("{}", fmt::join(family, " "))));
  }
  return lines;
}

std::string FormatBash(Commands commands) {
  return fmt::format(
      "# bash completion for mreg\n"
      "_mreg() {{\n"
      "  local current=\"${{COMP_WORDS[COMP_CWORD]}}\" options='' seconds=''\n"
      "  COMPREPLY=()\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W {} -- \"$current\"))\n"
      "    return\n"
      "  fi\n"
      "  local second=''\n"
      "  [ \"$COMP_CWORD\" -gt 2 ] && second=\"${{COMP_WORDS[2]}}\"\n"
      "  case \"${{COMP_WORDS[1]}} $second\" in\n"
      "{}"
      "  esac\n"
      "  case \"$current\" in\n"
      "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$current\")) ;;\n"
      "    *) COMPREPLY=($(compgen -W \"$seconds\" -- \"$current\"))\n"
      "       [ -z \"$seconds\" ] && COMPREPLY=($(compgen -f -- \"$current\")) ;;\n"
      "  esac\n"
      "}}\n"
      "complete -o filenames -F _mreg mreg\n",
      Quote(FirstWords(commands)), CaseLines(commands));
}

std::string FormatZsh(Commands commands) {
  std::string descriptions;
  std::set<std::string_view> seen;
  for (const Command* command : commands) {
    const std::string_view word = FirstWord(command->name);
    if (!seen.insert(word).second) continue;
    const bool is_family = !SecondWord(command->name).empty();
    descriptions += fmt::format(
        "    {}\n", Quote(fmt::format("{}:{}", word, is_family ? "" : command->summary)));
  }
  return fmt::format(
      "#compdef mreg\n"
      "# zsh completion for mreg\n"
      "_mreg() {{\n"
      "  local options='' seconds=''\n"
      "  local -a commands=(\n"
      "{}"
      "  )\n"
      "  if (( CURRENT == 2 )); then\n"
      "    _describe command commands\n"
      "    return\n"
      "  fi\n"
      "  local second=''\n"
      "  (( CURRENT > 3 )) && second=\"${{words[3]}}\"\n"
      "  case \"${{words[2]}} $second\" in\n"
      "{}"
      "  esac\n"
      "  if [[ \"${{words[CURRENT]}}\" == -* ]]; then\n"
      "    compadd -- ${{=options}}\n"
      "  elif [[ -n \"$seconds\" ]]; then\n"
      "    compadd -- ${{=seconds}}\n"
      "  else\n"
      "    _files\n"
      "  fi\n"
      "}}\n"
      "_mreg \"$@\"\n",
      descriptions, CaseLines(commands));
}

std::string FormatFish(Commands commands) {
  std::string text = "# fish completion for mreg\n";
  std::set<std::string_view> seen;
  for (const Command* command : commands) {
    const std::string_view word = FirstWord(command->name);
    const std::string_view second = SecondWord(command->name);
    if (second.empty() || seen.insert(word).second) {
      text += fmt::format("complete -c mreg -n __fish_use_subcommand -f -a {} -d {}\n", word,
                          Quote(second.empty() ? command->summary : ""));
    }
    if (!second.empty()) {
      text += fmt::format("complete -c mreg -n '__fish_seen_subcommand_from {}' -f -a {} -d {}\n",
                          word, second, Quote(command->summary));
    }
    for (const Option& option : AllOptions(*command)) {
      text += fmt::format("complete -c mreg -n '__fish_seen_subcommand_from {}' -l {}{}{} -d {}\n",
                          second.empty() ? word : second, option.name,
                          option.letter == 0 ? "" : fmt::format(" -s {}", option.letter),
                          option.value.empty() ? "" : " -r", Quote(option.help));
    }
  }
  return text;
}

}  // namespace

std::optional<Shell> ParseShell(std::string_view name) {
  if (name == "bash") return Shell::kBash;
  if (name == "zsh") return Shell::kZsh;
  if (name == "fish") return Shell::kFish;
  return std::nullopt;
}

std::string FormatCompletionScript(Shell shell, std::span<const Command* const> commands) {
  switch (shell) {
    case Shell::kBash:
      return FormatBash(commands);
    case Shell::kZsh:
      return FormatZsh(commands);
    case Shell::kFish:
      return FormatFish(commands);
  }
  return "";
}

}  // namespace mreg::cli
