#include "cli/commands.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cctype>
#include <set>

#include "cli/arguments.h"
#include "cli/help.h"

namespace mreg::cli {
namespace {

const Command* Find(std::vector<std::string> words) { return FindCommand(words).command; }

TEST(CommandsTest, AreFoundByOneOrTwoWords) {
  ASSERT_NE(Find({"push", "origin"}), nullptr);
  EXPECT_EQ(Find({"push", "origin"})->name, "push");
  EXPECT_EQ(Find({"remote", "add", "x"})->name, "remote add");
  EXPECT_EQ(Find({"remote"})->name, "remote list");
  EXPECT_EQ(Find({"store"}), nullptr);
  EXPECT_EQ(Find({""}), nullptr);
  EXPECT_EQ(Find({}), nullptr);
}

TEST(CommandsTest, KnowWhatWasMeant) {
  EXPECT_EQ(NearestCommand("stauts"), "status");
  EXPECT_EQ(NearestCommand("psuh"), "push");
  EXPECT_EQ(NearestCommand("comit"), "commit");
  EXPECT_EQ(NearestCommand("store"), "store stats");
  EXPECT_EQ(NearestCommand("xyzzyxyzzy"), std::nullopt);
}

TEST(CommandsTest, AreComplete) {
  std::set<std::string_view> names;
  for (const Command* command : AllCommands()) {
    SCOPED_TRACE(command->name);
    EXPECT_TRUE(names.insert(command->name).second);
    EXPECT_NE(command->run, nullptr);
    EXPECT_FALSE(command->summary.empty());
    EXPECT_FALSE(command->goal.empty());
    EXPECT_FALSE(command->examples.empty());
    std::set<char> letters;
    for (const Option& option : AllOptions(*command)) {
      EXPECT_FALSE(option.help.empty()) << option.name;
      EXPECT_TRUE(std::isupper(option.help.front())) << option.name;
      EXPECT_NE(option.help.back(), '.') << option.name;
      if (option.letter != 0) {
        EXPECT_TRUE(letters.insert(option.letter).second) << option.letter;
      }
    }
  }
}

TEST(CommandsTest, UnderstandTheirOwnExamples) {
  for (const Command* command : AllCommands()) {
    for (const Example& example : command->examples) {
      SCOPED_TRACE(example.line);
      // Words without blanks in quotes and without redirections are enough for our examples.
      std::vector<std::string> words;
      std::string line(example.line.substr(0, example.line.find_first_of("<>")));
      bool is_quoted = false;
      words.emplace_back();
      for (const char c : line) {
        if (c == '\'') {
          is_quoted = !is_quoted;
        } else if (c == ' ' && !is_quoted) {
          words.emplace_back();
        } else {
          words.back() += c;
        }
      }
      std::erase(words, "");
      const FoundCommand found = FindCommand(words);
      ASSERT_EQ(found.command, command);
      const auto rest = std::span<const std::string>(words).subspan(found.words);
      EXPECT_TRUE(ParseArguments(*command, rest).ok()) << ParseArguments(*command, rest).status();
    }
  }
}

TEST(HelpTest, FitsATerminal) {
  for (const Command* command : AllCommands()) {
    const std::string help = FormatHelp(*command);
    std::string_view text = help;
    for (size_t end = 0; !text.empty(); text.remove_prefix(end + 1)) {
      end = text.find('\n');
      ASSERT_NE(end, std::string_view::npos);
      const std::string_view line = text.substr(0, end);
      EXPECT_TRUE(line.size() <= 100 || line.find("mreg ") != std::string_view::npos) << line;
    }
  }
}

TEST(WrapTest, BreaksBetweenWords) {
  EXPECT_EQ(Wrap("one two three", 2, 9), "  one two\n  three\n");
  EXPECT_EQ(Wrap("a\n\nb", 0, 80), "a\n\nb\n");
  EXPECT_EQ(Wrap("unbreakable-word x", 0, 5), "unbreakable-word\nx\n");
  EXPECT_EQ(Wrap("", 4, 80), "");
}

}  // namespace
}  // namespace mreg::cli
