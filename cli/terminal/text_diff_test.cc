#include "cli/terminal/text_diff.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>

namespace mreg::terminal {
namespace {

TEST(UnifiedDiffTest, OfEqualTextsIsEmpty) {
  EXPECT_EQ(UnifiedDiff("a\nb\n", "a\nb\n"), "");
  EXPECT_EQ(UnifiedDiff("", ""), "");
}

TEST(UnifiedDiffTest, ShowsAChangedLineInItsContext) {
  EXPECT_EQ(UnifiedDiff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"),
            "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST(UnifiedDiffTest, NamesAnEmptySideByTheLineBefore) {
  EXPECT_EQ(UnifiedDiff("", "new\n"), "@@ -0,0 +1 @@\n+new\n");
  EXPECT_EQ(UnifiedDiff("old\n", ""), "@@ -1 +0,0 @@\n-old\n");
}

TEST(UnifiedDiffTest, SaysThatTheLastLineHasNoEnd) {
  EXPECT_EQ(UnifiedDiff("a\n", "a"), "@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n");
}

// A text of `count` lines drawn from a small alphabet, so that lines repeat.
std::string RandomText(std::mt19937& random, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += fmt::format("line {}\n", random() % 7);
  return text;
}

std::string ReadAll(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(UnifiedDiffTest, IsWhatPatchTakes) {
  if (std::system("command -v patch > /dev/null") != 0) GTEST_SKIP() << "patch is not installed";
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  const std::string folder = testing::TempDir() + fmt::format("text_diff_{}", getpid());
  ASSERT_EQ(std::system(("mkdir -p " + folder).c_str()), 0);
  for (int i = 0; i < 50; ++i) {
    const std::string before = RandomText(random, static_cast<int>(random() % 40));
    const std::string after = RandomText(random, static_cast<int>(random() % 40) + 1);
    std::ofstream(folder + "/file") << before;
    std::ofstream(folder + "/diff") << "--- file\n+++ file\n" << UnifiedDiff(before, after);
    ASSERT_EQ(std::system(("cd " + folder + " && patch -s file diff").c_str()), 0);
    ASSERT_EQ(ReadAll(folder + "/file"), after);
  }
  std::system(("rm -r " + folder).c_str());
}

TEST(UnifiedDiffTest, ReplacesTheMiddleWholeWhenTooMuchDiffers) {
  std::string before, after;
  for (int i = 0; i < 2000; ++i) {
    before += fmt::format("old {}\n", i);
    after += fmt::format("new {}\n", i);
  }
  EXPECT_TRUE(UnifiedDiff(before, after).starts_with("@@ -1,2000 +1,2000 @@\n-old 0\n"));
}

}  // namespace
}  // namespace mreg::terminal
