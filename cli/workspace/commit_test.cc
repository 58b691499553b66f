#include "cli/workspace/commit.h"

#include "cli/workspace/test_clone.h"

namespace mreg::workspace {
namespace {

using absl::StatusCode;
using testing::ElementsAre;

using CommitTest = CloneTest;

TEST(CleanMessageTest, DropsSpaceThatSaysNothing) {
  EXPECT_EQ(*CleanMessage("a"), "a\n");
  EXPECT_EQ(*CleanMessage("\n \n a \t\r\n\n\n\nb\n\n"), " a\n\nb\n");
  for (const char* empty : {"", " ", "\n\t\n\r\n"}) {
    EXPECT_THAT(CleanMessage(empty).status(), FailsWith(StatusCode::kInvalidArgument, "empty"));
  }
  EXPECT_EQ(CleanMessage(std::string("a\0b", 3)).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(CommitTest, ACommitHoldsWhatIsStagedAndHeadMoves) {
  clone_.Write("a", "1");
  clone_.Add({"."});
  clone_.Write("a", "not staged");
  const CommitId first = clone_.Commit("  first\n\nwhy  \n");
  clone_.Write("b", "1");
  clone_.Add({"b"});
  const CommitId second = clone_.Commit("second");
  const auto read = clone_.workspace().history().ReadCommit(second);
  ASSERT_TRUE(read.ok());
  EXPECT_THAT(read->parents, ElementsAre(first));
  EXPECT_EQ(read->author.name, "Alice");
  EXPECT_EQ(read->author.offset_minutes, 120);
  EXPECT_EQ(clone_.workspace().history().ReadCommit(first)->message, "  first\n\nwhy\n");
  EXPECT_EQ(*clone_.workspace().history().Resolve("main"), second);
  const auto files = *clone_.workspace().history().ReadFiles(second);
  EXPECT_EQ(clone_.workspace().history().ReadObject(files[0].blob)->data, "1");
  EXPECT_THAT(Lines(clone_.Status().unstaged), ElementsAre("M a"));
}

TEST_F(CommitTest, NothingStagedIsNoCommit) {
  EXPECT_EQ(clone_.TryCommit().code(), StatusCode::kFailedPrecondition);
  clone_.Write("a", "1");
  EXPECT_EQ(clone_.TryCommit().code(), StatusCode::kFailedPrecondition);
  clone_.AddAllAndCommit();
  EXPECT_EQ(clone_.TryCommit().code(), StatusCode::kFailedPrecondition);
  clone_.Write("b", "1");
  clone_.Add({"."});
  EXPECT_EQ(clone_.TryCommit(" \n").code(), StatusCode::kInvalidArgument);
}

TEST_F(CommitTest, MoreParentsMakeAMergeEvenOfTheSameFiles) {
  clone_.Write("a", "1");
  const CommitId first = clone_.AddAllAndCommit();
  clone_.Write("a", "2");
  const CommitId second = clone_.AddAllAndCommit();
  const auto merged = clone_.workspace().Commit("merge", kAlice, {&first, 1});
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_THAT(clone_.workspace().history().ReadCommit(*merged)->parents,
              ElementsAre(second, first));
}

TEST_F(CommitTest, ADetachedHeadMovesAlone) {
  clone_.Write("a", "1");
  const CommitId first = clone_.AddAllAndCommit();
  ASSERT_TRUE(clone_.workspace().Detach(first, nullptr).ok());
  clone_.Write("a", "2");
  const CommitId second = clone_.AddAllAndCommit();
  EXPECT_EQ(clone_.Status().head, second);
  EXPECT_EQ(*clone_.workspace().history().Resolve("main"), first);
}

TEST_F(CommitTest, EverythingRemovedIsAVersionToo) {
  clone_.Write("a", "1");
  clone_.AddAllAndCommit();
  clone_.Remove("a");
  const CommitId empty = clone_.AddAllAndCommit();
  EXPECT_TRUE(clone_.workspace().history().ReadFiles(empty)->empty());
}

}  // namespace
}  // namespace mreg::workspace
