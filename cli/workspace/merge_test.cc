#include "cli/workspace/merge.h"

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "cli/workspace/test_clone.h"

namespace mreg::workspace {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using Kind = Workspace::MergeReport::Kind;
using Side = Workspace::Side;

class MergeTest : public CloneTest {
 protected:
  // Two lines of work from one commit. On return main is checked out, with `ours` written.
  void Diverge(const std::map<std::string, Bytes>& ours,
               const std::map<std::string, Bytes>& theirs) {
    clone_.Branch("theirs", *clone_.workspace().history().Resolve("main"));
    ASSERT_EQ(clone_.SwitchTo("theirs"), absl::OkStatus());
    WriteAll(theirs);
    theirs_ = clone_.AddAllAndCommit("theirs");
    ASSERT_EQ(clone_.SwitchTo("main"), absl::OkStatus());
    WriteAll(ours);
    ours_ = clone_.AddAllAndCommit("ours");
  }

  // "-" removes the file.
  void WriteAll(const std::map<std::string, Bytes>& files) {
    for (const auto& [path, content] : files) {
      if (content == "-") clone_.Remove(path);
    }
    for (const auto& [path, content] : files) {
      if (content != "-") clone_.Write(path, content);
    }
  }

  CommitId Main() { return *clone_.workspace().history().Resolve("main"); }

  CommitId ours_;
  CommitId theirs_;
};

TEST_F(MergeTest, WhatIsThereAlreadyIsUpToDate) {
  clone_.Write("a", "1");
  const CommitId first = clone_.AddAllAndCommit();
  clone_.Write("a", "2");
  const CommitId second = clone_.AddAllAndCommit();
  EXPECT_EQ(clone_.Merge(first).kind, Kind::kUpToDate);
  EXPECT_EQ(clone_.Merge(second).kind, Kind::kUpToDate);
  EXPECT_EQ(Main(), second);
}

TEST_F(MergeTest, MovesForwardWhereItCan) {
  clone_.Write("a", "1");
  const CommitId first = clone_.AddAllAndCommit();
  clone_.Write("a", "2");
  const CommitId second = clone_.AddAllAndCommit();
  clone_.Branch("old", first);
  ASSERT_EQ(clone_.SwitchTo("old"), absl::OkStatus());
  const auto report = clone_.Merge(second);
  EXPECT_EQ(report.kind, Kind::kFastForward);
  EXPECT_EQ(report.commit, second);
  EXPECT_EQ(clone_.Read("a"), "2");
  EXPECT_EQ(clone_.Status().head, second);
  EXPECT_EQ(clone_.Status().branch, "old");
}

TEST_F(MergeTest, ABranchWithoutACommitTakesTheOther) {
  clone_.Write("a", "1");
  const CommitId first = clone_.AddAllAndCommit();
  TestClone other(folder_ + "/other", folder_ + "/store");
  other.Remove(".mreg/objects");
  std::filesystem::copy(clone_.PathOf(".mreg/objects"), other.PathOf(".mreg/objects"),
                        std::filesystem::copy_options::recursive);
  other.Reopen();
  EXPECT_EQ(other.Merge(first).kind, Kind::kFastForward);
  EXPECT_EQ(other.Read("a"), "1");
  EXPECT_EQ(other.Status().head, first);
}

TEST_F(MergeTest, BothSidesChangesComeTogether) {
  clone_.Write("text", "1\n2\n3\n4\n5\n6\n7\n");
  clone_.Write("weights.bin", BinaryContent(100, 1));
  clone_.Write("gone", "1");
  clone_.AddAllAndCommit();
  Diverge({{"text", "1\n2\n3\n4\n5\n6\nours\n"}, {"a", "1"}},
          {{"text", "theirs\n2\n3\n4\n5\n6\n7\n"},
           {"weights.bin", BinaryContent(100, 2)},
           {"gone", "-"}});
  const auto report = clone_.Merge(theirs_);
  EXPECT_EQ(report.kind, Kind::kMerged);
  EXPECT_EQ(Main(), report.commit);
  EXPECT_THAT(clone_.workspace().history().ReadCommit(Main())->parents,
              ElementsAre(ours_, theirs_));
  EXPECT_THAT(clone_.Files(),
              ElementsAre(Pair("a", "1"), Pair("text", "theirs\n2\n3\n4\n5\n6\nours\n"),
                          Pair("weights.bin", BinaryContent(100, 2))));
  EXPECT_THAT(Lines(clone_.Status().staged), IsEmpty());
  EXPECT_THAT(Lines(clone_.Status().unstaged), IsEmpty());
}

TEST_F(MergeTest, ConflictsChangeNothingUntilASideIsChosen) {
  clone_.Write("w.bin", BinaryContent(100, 1));
  clone_.Write("x", "1");
  clone_.AddAllAndCommit();
  Diverge({{"w.bin", BinaryContent(100, 2)}, {"x", "ours"}},
          {{"w.bin", BinaryContent(100, 3)}, {"x", "-"}});
  const auto report = clone_.Merge(theirs_);
  EXPECT_EQ(report.kind, Kind::kConflicts);
  ASSERT_EQ(report.conflicts.size(), 2u);
  EXPECT_EQ(report.conflicts[0].path, "w.bin");
  EXPECT_EQ(report.conflicts[1].kind, history::ConflictKind::kChangedAndRemoved);
  EXPECT_EQ(Main(), ours_);
  EXPECT_EQ(clone_.Merge(theirs_, {{"w.bin", Side::kTheirs}}).conflicts.size(), 1u);
  EXPECT_EQ(clone_.Read("w.bin"), BinaryContent(100, 2));
  const auto settled = clone_.Merge(theirs_, {{"w.bin", Side::kTheirs}, {"x", Side::kTheirs}});
  EXPECT_EQ(settled.kind, Kind::kMerged);
  EXPECT_THAT(clone_.Files(), ElementsAre(Pair("w.bin", BinaryContent(100, 3))));
}

TEST_F(MergeTest, ChoosingBetweenAFileAndAFolderTakesAllOfIt) {
  clone_.Write("other", "1");
  clone_.AddAllAndCommit();
  Diverge({{"a/b", "ours"}, {"a/c", "ours"}}, {{"a", "theirs"}});
  EXPECT_EQ(clone_.Merge(theirs_).conflicts[0].kind, history::ConflictKind::kFileAndFolder);
  const CommitId before = Main();
  EXPECT_EQ(clone_.Merge(theirs_, {{"a", Side::kTheirs}}).kind, Kind::kMerged);
  EXPECT_THAT(clone_.Files(), ElementsAre(Pair("a", "theirs"), Pair("other", "1")));
  clone_.Branch("again", before);
  ASSERT_EQ(clone_.SwitchTo("again"), absl::OkStatus());
  EXPECT_EQ(clone_.Merge(theirs_, {{"a", Side::kOurs}}).kind, Kind::kMerged);
  EXPECT_THAT(clone_.Files(),
              ElementsAre(Pair("a/b", "ours"), Pair("a/c", "ours"), Pair("other", "1")));
}

TEST_F(MergeTest, AChoiceWithoutAConflictIsRefused) {
  clone_.Write("a", "1");
  clone_.AddAllAndCommit();
  Diverge({{"b", "1"}}, {{"c", "1"}});
  EXPECT_THAT(clone_.TryMerge(theirs_, {{"typo", Side::kOurs}}),
              FailsWith(StatusCode::kInvalidArgument, "typo"));
}

TEST_F(MergeTest, StagedAndLocalChangesAreNotLost) {
  clone_.Write("a", "1");
  clone_.AddAllAndCommit();
  Diverge({{"b", "1"}}, {{"a", "theirs"}, {"new", "theirs"}});
  clone_.Write("staged", "1");
  clone_.Add({"staged"});
  EXPECT_THAT(clone_.TryMerge(theirs_), FailsWith(StatusCode::kFailedPrecondition, "staged"));
  ASSERT_EQ(clone_.Restore({"staged"}, Workspace::RestoreWhat::kIndex), absl::OkStatus());
  clone_.Write("a", "mine");
  EXPECT_THAT(clone_.TryMerge(theirs_), FailsWith(StatusCode::kFailedPrecondition, " a"));
  clone_.Write("a", "1");
  clone_.Write("new", "mine");
  EXPECT_THAT(clone_.TryMerge(theirs_), FailsWith(StatusCode::kFailedPrecondition, "new"));
  EXPECT_EQ(Main(), ours_);
  clone_.Remove("new");
  clone_.Write("b", "mine, and not theirs to change");
  EXPECT_EQ(clone_.Merge(theirs_).kind, Kind::kMerged);
  EXPECT_EQ(clone_.Read("b"), "mine, and not theirs to change");
}

TEST_F(MergeTest, AStagedRemovalIsNotUndoneInPassing) {
  clone_.Write("a", "1");
  clone_.Write("b", "1");
  clone_.AddAllAndCommit();
  Diverge({{"c", "1"}}, {{"a", "2"}});
  clone_.Remove("b");
  clone_.Add({"b"});
  EXPECT_THAT(clone_.TryMerge(theirs_), FailsWith(StatusCode::kFailedPrecondition, " b"));
  EXPECT_EQ(clone_.Read("b"), std::nullopt);
}

TEST_F(MergeTest, KilledBeforeTheBranchMovedItIsCompletedByRunningItAgain) {
  clone_.Write("a", "1");
  const CommitId base = clone_.AddAllAndCommit();
  Diverge({{"ours", "1"}}, {{"a", "2"}});
  ASSERT_EQ(clone_.Merge(theirs_).kind, Kind::kMerged);
  clone_.Branch("main", ours_);
  EXPECT_EQ(clone_.Merge(theirs_).kind, Kind::kMerged);
  clone_.Branch("main", base);
  EXPECT_THAT(clone_.TryMerge(theirs_), FailsWith(StatusCode::kFailedPrecondition, "ours"));
}

TEST_F(MergeTest, KilledAtAnyFileItIsCompletedByRunningItAgain) {
  clone_.Write("a", "1");
  clone_.Write("b", "1");
  clone_.AddAllAndCommit();
  Diverge({{"ours", "1"}}, {{"a", "2"}, {"b", "2"}, {"c", "2"}});
  for (int calls = 1; calls < 8; ++calls) {
    const std::string branch = "try-" + std::to_string(calls);
    clone_.Branch(branch, ours_);
    ASSERT_EQ(clone_.SwitchTo(branch), absl::OkStatus());
    const pid_t child = fork();
    if (child == 0) {
      TestClone mine(clone_.root(), folder_ + "/store");
      int left = calls;
      (void)mine.workspace().Merge(theirs_, "merge", kAlice, {},
                                   [&](std::string_view, uint64_t, uint64_t) {
                                     if (--left == 0) _exit(9);
                                   });
      _exit(0);
    }
    int ended = 0;
    ASSERT_EQ(waitpid(child, &ended, 0), child);
    clone_.Reopen();
    ASSERT_EQ(clone_.TryMerge(theirs_), absl::OkStatus()) << "killed at call " << calls;
    EXPECT_THAT(clone_.Files(),
                ElementsAre(Pair("a", "2"), Pair("b", "2"), Pair("c", "2"), Pair("ours", "1")));
    EXPECT_THAT(Lines(clone_.Status().staged), IsEmpty());
    EXPECT_THAT(Lines(clone_.Status().unstaged), IsEmpty());
  }
}

}  // namespace
}  // namespace mreg::workspace
