#include "cli/workspace/restore.h"

#include "cli/workspace/test_clone.h"

namespace mreg::workspace {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::IsEmpty;
using What = Workspace::RestoreWhat;

using RestoreTest = CloneTest;

TEST_F(RestoreTest, WorkTreeFilesBecomeThoseOfTheIndex) {
  clone_.Write("a", "1");
  clone_.Write("sub/b.bin", BinaryContent(100, 1));
  clone_.Write("sub/c", "1");
  clone_.AddAllAndCommit();
  clone_.Write("a", "changed");
  clone_.Remove("sub");
  clone_.Write("untracked", "1");
  ASSERT_EQ(clone_.Restore({"sub"}, What::kWorkTree), absl::OkStatus());
  EXPECT_EQ(clone_.Read("sub/b.bin"), BinaryContent(100, 1));
  EXPECT_EQ(clone_.Read("a"), "changed");
  ASSERT_EQ(clone_.Restore({"."}, What::kWorkTree), absl::OkStatus());
  EXPECT_EQ(clone_.Read("a"), "1");
  EXPECT_EQ(clone_.Read("untracked"), "1");
  EXPECT_THAT(Lines(clone_.Status().unstaged), IsEmpty());
}

TEST_F(RestoreTest, FilesOfAnotherVersionAreWrittenAndNotStaged) {
  clone_.Write("a", "1");
  clone_.Write("old", "1");
  const CommitId first = clone_.AddAllAndCommit();
  clone_.Write("a", "2");
  clone_.Remove("old");
  clone_.AddAllAndCommit();
  ASSERT_EQ(clone_.Restore({"."}, What::kWorkTree, first), absl::OkStatus());
  EXPECT_EQ(clone_.Read("a"), "1");
  EXPECT_EQ(clone_.Read("old"), "1");
  EXPECT_THAT(Lines(clone_.Status().staged), IsEmpty());
  EXPECT_THAT(Lines(clone_.Status().unstaged), ElementsAre("M a"));
}

TEST_F(RestoreTest, ALinkInTheFilesPlaceIsReplacedNotFollowed) {
  clone_.Write("a", "1");
  clone_.Write("dir/b", "1");
  clone_.AddAllAndCommit();
  clone_.Write("outside", "safe");
  clone_.Remove("a");
  clone_.Link("a", "outside");
  ASSERT_EQ(clone_.Restore({"a"}, What::kWorkTree), absl::OkStatus());
  EXPECT_EQ(clone_.Read("outside"), "safe");
  EXPECT_EQ(clone_.Read("a"), "1");
  clone_.Remove("dir");
  clone_.Link("dir", folder_);
  EXPECT_THAT(clone_.Restore({"dir/b"}, What::kWorkTree),
              FailsWith(StatusCode::kFailedPrecondition, "dir"));
}

TEST_F(RestoreTest, TheIndexGoesBackAndTheWorkTreeStays) {
  clone_.Write("a", "1");
  clone_.Write("gone", "1");
  const CommitId first = clone_.AddAllAndCommit();
  clone_.Write("a", "2");
  clone_.Write("new", "1");
  clone_.Remove("gone");
  clone_.Age("a");
  clone_.Add({"."});
  ASSERT_EQ(clone_.Restore({"."}, What::kIndex), absl::OkStatus());
  const StatusReport report = clone_.Status();
  EXPECT_THAT(Lines(report.staged), IsEmpty());
  EXPECT_THAT(Lines(report.unstaged), ElementsAre("M a", "R gone"));
  EXPECT_THAT(report.untracked, ElementsAre("new"));
  EXPECT_EQ(clone_.Read("a"), "2");
  clone_.Add({"a"});
  clone_.Commit();
  ASSERT_EQ(clone_.Restore({"a"}, What::kIndex, first), absl::OkStatus());
  EXPECT_THAT(Lines(clone_.Status().staged), ElementsAre("M a"));
}

TEST_F(RestoreTest, BeforeTheFirstCommitTheIndexGoesBackToNothing) {
  clone_.Write("a", "1");
  clone_.Add({"."});
  ASSERT_EQ(clone_.Restore({"a"}, What::kIndex), absl::OkStatus());
  EXPECT_THAT(clone_.Status().untracked, ElementsAre("a"));
}

TEST_F(RestoreTest, APathThatMatchesNothingIsNamed) {
  clone_.Write("a", "1");
  clone_.AddAllAndCommit();
  for (const What what : {What::kIndex, What::kWorkTree}) {
    EXPECT_THAT(clone_.Restore({"a", "absent"}, what), FailsWith(StatusCode::kNotFound, "absent"));
  }
}

}  // namespace
}  // namespace mreg::workspace
