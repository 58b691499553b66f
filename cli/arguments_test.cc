#include "cli/arguments.h"

#include <gtest/gtest.h>

#include "schema/base/status.h"

namespace mreg::cli {
namespace {

constexpr Positional kPositionals[] = {{"REMOTE", Count::kOptional, "A remote"},
                                       {"BRANCH", Count::kAny, "Branches"}};
constexpr Option kOptions[] = {
    {.name = "force", .letter = 'f', .help = "Force"},
    {.name = "message", .letter = 'm', .value = "TEXT", .help = "Text", .repeats = true},
    {.name = "max-count", .letter = 'n', .value = "COUNT", .help = "Number"}};
constexpr Command kCommand = {.name = "test",
                              .group = Group::kSelf,
                              .summary = "Test",
                              .goal = "test",
                              .positionals = kPositionals,
                              .options = kOptions,
                              .output = Output::kTextOrJson,
                              .run = nullptr};

absl::StatusOr<Arguments> Parse(std::vector<std::string> words) {
  return ParseArguments(kCommand, words);
}

using Values = std::vector<std::string>;

TEST(ArgumentsTest, AreFoundByName) {
  const auto arguments = Parse({"-f", "origin", "main", "--message", "one", "v1", "-m", "two"});
  ASSERT_TRUE(arguments.ok()) << arguments.status();
  EXPECT_TRUE(arguments->Has("force"));
  EXPECT_EQ(arguments->Get("REMOTE"), "origin");
  EXPECT_EQ(arguments->All("BRANCH"), (Values{"main", "v1"}));
  EXPECT_EQ(arguments->All("message"), (Values{"one", "two"}));
  EXPECT_FALSE(arguments->wants_json());
}

TEST(ArgumentsTest, ThatAreNotGivenAreNotThere) {
  const auto arguments = Parse({});
  ASSERT_TRUE(arguments.ok());
  EXPECT_FALSE(arguments->Has("REMOTE"));
  EXPECT_FALSE(arguments->Has("force"));
  EXPECT_EQ(arguments->Get("REMOTE", "origin"), "origin");
  EXPECT_TRUE(arguments->All("BRANCH").empty());
}

TEST(ArgumentsTest, TakeValuesAsTheyAre) {
  const auto arguments = Parse({"-m", "[a,b]", "-m", "-x", "--message=", "origin", "[c,d]", "%{}"});
  ASSERT_TRUE(arguments.ok()) << arguments.status();
  EXPECT_EQ(arguments->All("message"), (Values{"[a,b]", "-x", ""}));
  EXPECT_EQ(arguments->All("BRANCH"), (Values{"[c,d]", "%{}"}));
}

TEST(ArgumentsTest, BehindTwoDashesAreNoOptions) {
  const auto arguments = Parse({"--", "--force", "-m"});
  ASSERT_TRUE(arguments.ok()) << arguments.status();
  EXPECT_EQ(arguments->Get("REMOTE"), "--force");
  EXPECT_EQ(arguments->All("BRANCH"), Values{"-m"});
  EXPECT_FALSE(arguments->Has("force"));
}

TEST(ArgumentsTest, MayBeBundledLetters) {
  const auto arguments = Parse({"-fm", "text", "-mfn"});
  ASSERT_TRUE(arguments.ok()) << arguments.status();
  EXPECT_TRUE(arguments->Has("force"));
  EXPECT_EQ(arguments->All("message"), (Values{"text", "fn"}));
}

TEST(ArgumentsTest, ThatNobodyKnowsAreRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(Parse({"--unknown"}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Parse({"-fx"}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Parse({"-m"}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Parse({"--force=yes"}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Parse({"-n", "1", "-n", "2"}).status()));
}

TEST(ArgumentsTest, ThatAreNeededAreAskedFor) {
  constexpr Positional kOne[] = {{"URL", Count::kOne, "A URL"}};
  Command command = kCommand;
  command.positionals = kOne;
  EXPECT_TRUE(absl::IsInvalidArgument(ParseArguments(command, {}).status()));
  const std::vector<std::string> two = {"a", "b"};
  EXPECT_TRUE(absl::IsInvalidArgument(ParseArguments(command, two).status()));
  const std::vector<std::string> help = {"--help"};
  EXPECT_TRUE(ParseArguments(command, help)->wants_help());
}

TEST(ArgumentsTest, KnowNumbers) {
  EXPECT_EQ(*Parse({"-n", "3"})->Number("max-count", 7), 3u);
  EXPECT_EQ(*Parse({"-n5"})->Number("max-count", 7), 5u);
  EXPECT_EQ(*Parse({})->Number("max-count", 7), 7u);
  EXPECT_EQ(*Parse({"-n0"})->Number("max-count", 7, 0), 0u);
  for (const char* wrong : {"0", "-1", "1x", "", "99999999999999999999"}) {
    const auto arguments = Parse({"-n", wrong});
    ASSERT_TRUE(arguments.ok()) << wrong;
    EXPECT_TRUE(absl::IsInvalidArgument(arguments->Number("max-count", 7).status())) << wrong;
  }
}

}  // namespace
}  // namespace mreg::cli
