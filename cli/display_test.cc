#include "cli/display.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "cli/new_folder.h"

namespace mreg::cli {
namespace {

TEST(DisplayTest, ShortensReferences) {
  EXPECT_EQ(ShortReference("refs/heads/main"), "main");
  EXPECT_EQ(ShortReference("refs/tags/v1"), "v1");
  EXPECT_EQ(ShortReference("refs/remotes/origin/main"), "origin/main");
  EXPECT_EQ(ShortReference("HEAD"), "HEAD");
}

TEST(DisplayTest, EscapesWhatCouldMoveTheCursor) {
  EXPECT_EQ(ShortReference("refs/heads/a\x1b[2J").find('\x1b'), std::string::npos);
  EXPECT_EQ(SubjectOf("one\x1b[2J\ntwo").find('\x1b'), std::string::npos);
}

history::Commit ACommit() {
  history::Commit commit;
  commit.author = {"Ada", "ada@example.org", 1'795'473'711, 60};
  commit.committer = commit.author;
  commit.message = "subject\n\nbody \x1b[31m\n";
  return commit;
}

TEST(DisplayTest, ShowsACommitLikeGit) {
  const terminal::Terminal terminal(nullptr, nullptr, {});
  const std::vector<std::string> names = {"HEAD -> main", "tag: v1"};
  EXPECT_EQ(FormatCommit(terminal, ACommit(), names),
            "commit 0000000000000000000000000000000000000000 (HEAD -> main, tag: v1)\n"
            "Author: Ada <ada@example.org>\n"
            "Date:   Mon Nov 23 23:41:51 2026 +0100\n"
            "\n"
            "    subject\n"
            "\n"
            "    body \\u{001b}[31m\n");
}

TEST(DisplayTest, NamesTheParentsOfAMerge) {
  history::Commit merge = ACommit();
  merge.parents = {CommitId(), CommitId()};
  const terminal::Terminal terminal(nullptr, nullptr, {});
  EXPECT_NE(FormatCommit(terminal, merge, {}).find("\nMerge:  000000000000 000000000000\n"),
            std::string::npos);
}

TEST(DisplayTest, GivesProgramsTheMessageAsItIs) {
  EXPECT_NE(CommitJson(ACommit(), {}).ToText().find("\\u001b[31m"), std::string::npos);
}

class NewFolderTest : public testing::Test {
 protected:
  NewFolderTest() { std::filesystem::create_directories(base_); }
  ~NewFolderTest() override { std::filesystem::remove_all(base_); }
  const std::filesystem::path base_ = testing::TempDir() + "new_folder_" + std::to_string(getpid());
};

TEST_F(NewFolderTest, TakesParentsWithIt) {
  const auto folder = NewFolder::Claim(base_ / "a/b/c/");
  ASSERT_TRUE(folder.ok());
  std::filesystem::create_directories(base_ / "a/b/c/d");
  folder->Remove();
  EXPECT_TRUE(std::filesystem::is_empty(base_));
}

TEST_F(NewFolderTest, StaysIfItWasThere) {
  std::filesystem::create_directories(base_ / "a");
  const auto folder = NewFolder::Claim(base_ / "a");
  ASSERT_TRUE(folder.ok());
  std::filesystem::create_directories(base_ / "a/made");
  folder->Remove();
  EXPECT_TRUE(std::filesystem::is_empty(base_ / "a"));
}

TEST_F(NewFolderTest, IsNotTakenFromOthers) {
  std::filesystem::create_directories(base_ / "a/used");
  EXPECT_TRUE(absl::IsAlreadyExists(NewFolder::Claim(base_ / "a").status()));
  std::filesystem::create_symlink("nowhere", base_ / "link");
  EXPECT_TRUE(absl::IsAlreadyExists(NewFolder::Claim(base_ / "link").status()));
}

}  // namespace
}  // namespace mreg::cli
