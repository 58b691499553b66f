#include <fmt/format.h>

#include <chrono>
#include <iostream>

#include "cli/workspace/test_clone.h"
#include "schema/base/file_system.h"

namespace mreg::workspace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class StatusTest : public CloneTest {
 protected:
  void ExpectClean() {
    const StatusReport report = clone_.Status();
    EXPECT_THAT(Lines(report.staged), IsEmpty());
    EXPECT_THAT(Lines(report.unstaged), IsEmpty());
    EXPECT_THAT(report.untracked, IsEmpty());
  }

  Bytes Index() { return *clone_.Read(".mreg/index"); }
};

TEST_F(StatusTest, ANewCloneIsOnMainWithoutACommit) {
  const StatusReport report = clone_.Status();
  EXPECT_EQ(report.branch, "main");
  EXPECT_EQ(report.head, std::nullopt);
  ExpectClean();
}

TEST_F(StatusTest, ChangesAreToldApartByWhereTheyAre) {
  for (const char* path : {"changed", "gone", "same", "staged"}) clone_.Write(path, "1");
  const CommitId commit = clone_.AddAllAndCommit();
  ExpectClean();
  clone_.Write("changed", "22");
  clone_.Remove("gone");
  clone_.Write("staged", "22");
  clone_.Write("new", "1");
  clone_.Add({"staged", "new"});
  clone_.Write("other", "1");
  const StatusReport report = clone_.Status();
  EXPECT_EQ(report.head, commit);
  EXPECT_THAT(Lines(report.staged), ElementsAre("A new", "M staged"));
  EXPECT_THAT(Lines(report.unstaged), ElementsAre("M changed", "R gone"));
  EXPECT_THAT(report.untracked, ElementsAre("other"));
}

TEST_F(StatusTest, AChangeOfTheSameSizeOrOfTheModeIsSeen) {
  clone_.Write("a", "1");
  clone_.Write("b.bin", BinaryContent(100, 1));
  clone_.Write("run", "1");
  clone_.AddAllAndCommit();
  clone_.Write("a", "2");
  clone_.Write("b.bin", BinaryContent(100, 2));
  clone_.MakeExecutable("run");
  EXPECT_THAT(Lines(clone_.Status().unstaged), ElementsAre("M a", "M b.bin", "M run"));
}

TEST_F(StatusTest, AFileTouchedButUnchangedIsReadOnceMore) {
  clone_.Write("a.bin", BinaryContent(100, 1));
  clone_.AddAllAndCommit();
  clone_.Age("a.bin");
  const Bytes before = Index();
  ExpectClean();
  const Bytes after = Index();
  EXPECT_NE(after, before) << "the new stamp was not kept";
  ExpectClean();
  EXPECT_EQ(Index(), after);
}

TEST_F(StatusTest, StatusLeavesTheIndexAloneWhileAnotherCommandIsAtWork) {
  clone_.Write("a", "1");
  clone_.AddAllAndCommit();
  clone_.Age("a");
  const Bytes before = Index();
  clone_.Write("b.bin", BinaryContent(100, 1));
  TestClone other(clone_.root(), folder_ + "/store");
  const std::vector<std::string> names = {"b.bin"};
  const auto look = [&](std::string_view, uint64_t, uint64_t) {
    EXPECT_THAT(Lines(other.Status().unstaged), IsEmpty());
    EXPECT_EQ(Index(), before);
  };
  EXPECT_TRUE(clone_.workspace().Add(names, clone_.root(), {}, look).ok());
}

TEST_F(StatusTest, FoldersWithNothingTrackedAreOneLine) {
  clone_.Write("kept/a", "1");
  clone_.AddAllAndCommit();
  clone_.Write("kept/b", "1");
  clone_.Write("kept/new/c", "1");
  clone_.Write("other/deep/d", "1");
  clone_.Write("other/e", "1");
  clone_.MakeFolder("nothing/in/here");
  clone_.Write("z", "1");
  EXPECT_THAT(clone_.Status().untracked, ElementsAre("kept/b", "kept/new/", "other/", "z"));
}

TEST_F(StatusTest, IgnoredFilesAreNotUntracked) {
  clone_.Write(".mregignore", "*.tmp\nbuild/\n");
  clone_.Write("a.tmp", "1");
  clone_.Write("build/b", "1");
  clone_.Write("only-ignored/c.tmp", "1");
  clone_.Write("mixed/a.tmp", "1");
  clone_.Write("mixed/b", "1");
  clone_.Write("sub/.mregignore", "/mine\n");
  clone_.Write("sub/mine", "1");
  EXPECT_THAT(clone_.Status().untracked, ElementsAre(".mregignore", "mixed/", "sub/"));
}

TEST_F(StatusTest, ATrackedFileReplacedByALinkIsModifiedByAFolderRemoved) {
  clone_.Write("a", "1");
  clone_.Write("b", "1");
  clone_.Write("dir/c", "1");
  clone_.AddAllAndCommit();
  clone_.Remove("a");
  clone_.Link("a", "b");
  clone_.Remove("b");
  clone_.Write("b/inside", "1");
  clone_.Remove("dir");
  clone_.Link("dir", folder_);
  const StatusReport report = clone_.Status();
  EXPECT_THAT(Lines(report.unstaged), ElementsAre("M a", "R b", "R dir/c"));
  EXPECT_THAT(report.untracked, ElementsAre("b/", "dir"));
}

TEST_F(StatusTest, GitsOwnFoldersAreNotSeen) {
  clone_.Write(".git/HEAD", "ref: refs/heads/main\n");
  clone_.Write("sub/.git", "gitdir: elsewhere\n");
  ExpectClean();
}

TEST_F(StatusTest, AheadAndBehindAreCountedAgainstTheUpstream) {
  clone_.Write("a", "1");
  const CommitId base = clone_.AddAllAndCommit();
  clone_.Branch("theirs", base);
  ASSERT_TRUE(clone_.SwitchTo("theirs").ok());
  clone_.Write("a", "2");
  clone_.AddAllAndCommit();
  clone_.Write("a", "3");
  const CommitId theirs = clone_.AddAllAndCommit();
  ASSERT_TRUE(clone_.SwitchTo("main").ok());
  clone_.Write("b", "1");
  clone_.AddAllAndCommit();
  Workspace& workspace = clone_.workspace();
  ASSERT_TRUE(workspace.SetConfig("branch.main.remote", "origin").ok());
  ASSERT_TRUE(workspace.SetConfig("branch.main.merge", "refs/heads/main").ok());
  EXPECT_EQ(clone_.Status().upstream, std::nullopt);
  const history::ReferenceMove move = {"refs/remotes/origin/main", std::nullopt,
                                       ToObjectId(theirs)};
  ASSERT_TRUE(workspace.history()
                  .references()
                  .Move({&move, 1}, {"alice", SystemClock().Now(), "fetch"})
                  .ok());
  const StatusReport report = clone_.Status();
  EXPECT_EQ(report.upstream, "origin/main");
  EXPECT_EQ(report.ahead, 1u);
  EXPECT_EQ(report.behind, 2u);
}

TEST_F(StatusTest, ADetachedHeadHasNoBranch) {
  clone_.Write("a", "1");
  const CommitId commit = clone_.AddAllAndCommit();
  ASSERT_TRUE(clone_.workspace().Detach(commit, nullptr).ok());
  EXPECT_EQ(clone_.Status().branch, std::nullopt);
  EXPECT_EQ(clone_.Status().head, commit);
}

TEST_F(StatusTest, AThousandUnchangedFilesTakeMilliseconds) {
  for (int i = 0; i < 1'000; ++i) {
    const std::string path = fmt::format("folder-{}/file-{}.bin", i / 100, i);
    clone_.Write(path, BinaryContent(2'000, static_cast<unsigned>(i)));
    clone_.Age(path);
  }
  clone_.AddAllAndCommit();
  const auto start = std::chrono::steady_clock::now();
  clone_.Reopen();
  ExpectClean();
  const auto took = std::chrono::steady_clock::now() - start;
  const auto ms = std::chrono::duration<double, std::milli>(took).count();
  std::cout << fmt::format("opened and read the status of 1,000 files in {:.1f} ms\n", ms);
  // 50 in a release build is what the product promises; sanitizers and busy machines take longer.
  EXPECT_LT(ms, 500.0);
}

}  // namespace
}  // namespace mreg::workspace
