#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "cli/workspace/test_clone.h"
#include "schema/base/file_system.h"
#include "schema/base/sha256.h"
#include "storage/history/lfs_pointer.h"

namespace mreg::workspace {
namespace {

using absl::StatusCode;
using testing::AllOf;
using testing::ElementsAre;
using testing::IsEmpty;

class CheckoutTest : public CloneTest {
 protected:
  // A version made elsewhere, of these texts, or of artifacts where `content` has a zero byte.
  history::TreeEntry Entry(const std::string& path, ByteView content) {
    return {path, history::FileMode::kRegular,
            *clone_.workspace().history().WriteObject(history::ObjectType::kBlob, content)};
  }

  CommitId Version(std::vector<history::TreeEntry> files) {
    history::Repository& history = clone_.workspace().history();
    history::Commit draft;
    draft.tree = *history.WriteTree(files);
    draft.author = draft.committer = kAlice;
    draft.message = "made elsewhere\n";
    return *history.WriteCommit(draft);
  }

  void ExpectClean() {
    const StatusReport report = clone_.Status();
    EXPECT_THAT(Lines(report.staged), IsEmpty());
    EXPECT_THAT(Lines(report.unstaged), IsEmpty());
    EXPECT_THAT(report.untracked, IsEmpty());
  }
};

TEST_F(CheckoutTest, FilesComeBackByteForByteWithTheirModes) {
  const Bytes weights = BinaryContent(3 << 20, 1);
  clone_.Write("card.md", "# one\n");
  clone_.Write("deep/down/weights.bin", weights);
  clone_.Write("run.sh", "#!/bin/sh\n");
  clone_.MakeExecutable("run.sh");
  const CommitId first = clone_.AddAllAndCommit();
  const auto files = clone_.Files();
  for (const char* path : {"card.md", "deep", "run.sh"}) clone_.Remove(path);
  clone_.Write("other", "2");
  const CommitId second = clone_.AddAllAndCommit();
  clone_.Branch("old", first);
  ASSERT_EQ(clone_.SwitchTo("old"), absl::OkStatus());
  EXPECT_EQ(clone_.Files(), files);
  EXPECT_TRUE(clone_.IsExecutable("run.sh"));
  EXPECT_FALSE(clone_.IsExecutable("card.md"));
  EXPECT_EQ(clone_.Status().branch, "old");
  ExpectClean();
  ASSERT_EQ(clone_.workspace().Detach(second, nullptr), absl::OkStatus());
  EXPECT_THAT(clone_.Files(), ElementsAre(std::pair("other", "2")));
  EXPECT_FALSE(std::filesystem::exists(clone_.PathOf("deep"))) << "an empty folder was left";
  ExpectClean();
}

TEST_F(CheckoutTest, AnotherCloneOfTheSameStoreNeedsNothingFetched) {
  clone_.Write("a.bin", BinaryContent(100, 1));
  const CommitId commit = clone_.AddAllAndCommit();
  EXPECT_THAT(*clone_.workspace().MissingFiles(commit), IsEmpty());
}

TEST_F(CheckoutTest, FilesTheStoreLacksAreNamedBeforeAnythingIsTouched) {
  const auto artifact = IdOf<ArtifactId>("far away");
  const CommitId commit =
      Version({Entry("a", "1"), Entry("far.bin", history::FormatLfsPointer({artifact, 8}))});
  EXPECT_THAT(*clone_.workspace().MissingFiles(commit), ElementsAre(artifact));
  EXPECT_THAT(clone_.Checkout(commit), FailsWith(StatusCode::kNotFound, "far.bin"));
  EXPECT_THAT(clone_.Files(), IsEmpty());
}

TEST_F(CheckoutTest, LocalChangesAreNotLost) {
  clone_.Write("a", "1");
  clone_.Write("b", "1");
  const CommitId first = clone_.AddAllAndCommit();
  clone_.Write("a", "2");
  clone_.Write("b", "2");
  const CommitId second = clone_.AddAllAndCommit();
  clone_.Write("a", "mine");
  EXPECT_THAT(clone_.Checkout(first), FailsWith(StatusCode::kFailedPrecondition, " a"));
  EXPECT_EQ(clone_.Read("a"), "mine");
  EXPECT_EQ(clone_.Read("b"), "2") << "something was touched all the same";
  // What does not differ between the two stays as it is.
  clone_.Write("a", "2");
  clone_.Write("c", "1");
  clone_.Add({"c"});
  const CommitId third = clone_.Commit();
  clone_.Write("c", "mine");
  ASSERT_NE(second, third);
  clone_.Branch("first", first);
  EXPECT_THAT(clone_.SwitchTo("first"), FailsWith(StatusCode::kFailedPrecondition, " c"));
  clone_.Write("c", "1");
  clone_.Write("untracked", "mine");
  EXPECT_EQ(clone_.SwitchTo("first"), absl::OkStatus());
  EXPECT_EQ(clone_.Read("untracked"), "mine");
}

TEST_F(CheckoutTest, UntrackedFilesAreNotOverwritten) {
  const CommitId commit = Version({Entry("a", "theirs"), Entry("dir/b", "theirs")});
  clone_.Write("a", "mine");
  EXPECT_THAT(clone_.Checkout(commit), FailsWith(StatusCode::kFailedPrecondition, " a"));
  EXPECT_EQ(clone_.Read("a"), "mine");
  clone_.Remove("a");
  clone_.Write("a/inside", "mine");
  EXPECT_THAT(clone_.Checkout(commit), FailsWith(StatusCode::kFailedPrecondition, "a/inside"));
  clone_.Remove("a");
  clone_.Write("dir", "mine");
  EXPECT_THAT(clone_.Checkout(commit), FailsWith(StatusCode::kFailedPrecondition, " dir"));
  EXPECT_THAT(clone_.Files(), ElementsAre(std::pair("dir", "mine")));
}

TEST_F(CheckoutTest, AFileThatIsTheWantedOneAlreadyIsAccepted) {
  const CommitId commit = Version({Entry("a", "theirs"), Entry("b", "theirs")});
  clone_.Write("a", "theirs");
  EXPECT_EQ(clone_.Checkout(commit), absl::OkStatus());
  EXPECT_EQ(clone_.Read("b"), "theirs");
}

TEST_F(CheckoutTest, EmptyFoldersAreNotInTheWay) {
  clone_.MakeFolder("a/b/c");
  EXPECT_EQ(clone_.Checkout(Version({Entry("a", "1")})), absl::OkStatus());
  EXPECT_EQ(clone_.Read("a"), "1");
}

TEST_F(CheckoutTest, AFileAndAFolderChangePlaces) {
  clone_.Write("a", "1");
  clone_.Write("b/c", "1");
  clone_.Write("b/d/e", "1");
  const CommitId first = clone_.AddAllAndCommit();
  const CommitId second = Version({Entry("a/x/y", "2"), Entry("b", "2")});
  ASSERT_EQ(clone_.workspace().Detach(second, nullptr), absl::OkStatus());
  EXPECT_THAT(clone_.Files(), ElementsAre(std::pair("a/x/y", "2"), std::pair("b", "2")));
  ASSERT_EQ(clone_.workspace().Detach(first, nullptr), absl::OkStatus());
  EXPECT_THAT(clone_.Files(),
              ElementsAre(std::pair("a", "1"), std::pair("b/c", "1"), std::pair("b/d/e", "1")));
  ExpectClean();
}

TEST_F(CheckoutTest, NothingIsWrittenThroughALink) {
  const std::string outside = folder_ + "/outside";
  std::filesystem::create_directory(outside);
  const CommitId commit = Version({Entry("dir/a", "theirs")});
  clone_.Link("dir", outside);
  EXPECT_THAT(clone_.Checkout(commit), FailsWith(StatusCode::kFailedPrecondition, "dir"));
  clone_.Remove("dir");
  clone_.MakeFolder("dir");
  clone_.Link("dir/a", outside + "/target");
  EXPECT_THAT(clone_.Checkout(commit), FailsWith(StatusCode::kFailedPrecondition, "dir/a"));
  EXPECT_TRUE(std::filesystem::is_empty(outside));
}

TEST_F(CheckoutTest, AFolderReplacedByALinkIsNotFollowedWhenFilesGo) {
  const std::string outside = folder_ + "/outside";
  clone_.Write("dir/a", "1");
  clone_.AddAllAndCommit();
  clone_.Remove("dir");
  std::filesystem::create_directory(outside);
  ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), outside + "/a", "1").ok());
  clone_.Link("dir", outside);
  EXPECT_EQ(clone_.workspace().Detach(Version({Entry("b", "1")}), nullptr), absl::OkStatus());
  EXPECT_TRUE(std::filesystem::exists(outside + "/a"));
}

TEST_F(CheckoutTest, HostileVersionsAreRefusedWhole) {
  history::TreeEntry link = Entry("link", "/etc/passwd");
  link.mode = history::FileMode::kSymbolicLink;
  const std::vector<std::vector<history::TreeEntry>> versions = {
      {Entry("fine", "1"), link},
      {Entry("A", "1"), Entry("a", "2")},
      {Entry("fine", "1"), Entry("nul", "1")},
      {Entry("fine", "1"), Entry("git~1/config", "1")},
      {Entry("a\nb", "1"), Entry("fine", "1")},
  };
  for (const auto& files : versions) {
    EXPECT_EQ(clone_.Checkout(Version(files)).code(), StatusCode::kInvalidArgument)
        << files.back().path;
    EXPECT_THAT(clone_.Files(), IsEmpty());
  }
}

TEST_F(CheckoutTest, StagedChangesGoAlongWhereTheVersionsAreAlike) {
  clone_.Write("a", "1");
  clone_.Write("b", "1");
  clone_.Write("gone", "1");
  const CommitId first = clone_.AddAllAndCommit();
  clone_.Write("a", "2");
  clone_.AddAllAndCommit();
  clone_.Branch("first", first);
  clone_.Write("b", "staged");
  clone_.Write("new", "staged");
  clone_.Remove("gone");
  clone_.Add({"."});
  // An exact checkout has no place for them.
  EXPECT_THAT(clone_.Checkout(first), FailsWith(StatusCode::kFailedPrecondition, "b, new"));
  ASSERT_EQ(clone_.SwitchTo("first"), absl::OkStatus());
  EXPECT_THAT(Lines(clone_.Status().staged), ElementsAre("M b", "R gone", "A new"));
  EXPECT_EQ(clone_.Read("a"), "1");
  clone_.Write("a", "staged");
  clone_.Add({"a"});
  EXPECT_THAT(clone_.SwitchTo("main"), FailsWith(StatusCode::kFailedPrecondition, "staged"));
}

TEST_F(CheckoutTest, ABranchThatWasMovedFirstIsCheckedOutIntoAnEmptyClone) {
  const CommitId commit = Version({Entry("a", "1")});
  clone_.Branch("main", commit);
  ASSERT_EQ(clone_.Checkout(commit), absl::OkStatus());
  EXPECT_EQ(clone_.Read("a"), "1");
  clone_.Remove(".mreg/index");
  clone_.Remove("a");
  clone_.Reopen();
  ASSERT_EQ(clone_.SwitchTo("main"), absl::OkStatus());
  EXPECT_EQ(clone_.Read("a"), "1");
}

TEST_F(CheckoutTest, AnAbsentBranchIsNotFound) {
  EXPECT_THAT(clone_.SwitchTo("absent"), FailsWith(StatusCode::kNotFound, "refs/heads/absent"));
}

TEST_F(CheckoutTest, AFileChangedBetweenPlanAndWritingIsKept) {
  clone_.Write("a", "1");
  clone_.Write("b", "1");
  const CommitId first = clone_.AddAllAndCommit();
  clone_.Write("a", "2");
  clone_.Write("b", "2");
  clone_.AddAllAndCommit();
  const auto edit_b = [&](std::string_view path, uint64_t, uint64_t) {
    if (path == "a") clone_.Write("b", "edited");
  };
  EXPECT_THAT(clone_.workspace().Checkout(first, edit_b), FailsWith(StatusCode::kAborted, "b"));
  EXPECT_EQ(clone_.Read("b"), "edited");
}

TEST_F(CheckoutTest, AFileThatAppearsMeanwhileIsKept) {
  const CommitId commit = Version({Entry("a", "1"), Entry("b", "1")});
  const auto make_b = [&](std::string_view path, uint64_t, uint64_t) {
    if (path == "a") clone_.Write("b", "mine");
  };
  EXPECT_THAT(clone_.workspace().Checkout(commit, make_b), FailsWith(StatusCode::kAborted, "b"));
  EXPECT_EQ(clone_.Read("b"), "mine");
}

TEST_F(CheckoutTest, KilledAtAnyFileItIsCompletedByRunningItAgain) {
  for (int i = 0; i < 4; ++i) {
    clone_.Write(fmt::format("old-{}", i), "1");
    clone_.Write(fmt::format("both-{}.bin", i), BinaryContent(5'000, 1));
  }
  const CommitId first = clone_.AddAllAndCommit();
  for (int i = 0; i < 4; ++i) {
    clone_.Remove(fmt::format("old-{}", i));
    clone_.Write(fmt::format("both-{}.bin", i), BinaryContent(5'000, 2));
    clone_.Write(fmt::format("new/{}.bin", i), BinaryContent(200'000, 3));
  }
  clone_.AddAllAndCommit("second");
  const auto files = clone_.Files();
  clone_.Branch("first", first);
  for (int calls = 1; calls < 16; ++calls) {
    ASSERT_EQ(clone_.SwitchTo("first"), absl::OkStatus());
    const pid_t child = fork();
    if (child == 0) {
      TestClone mine(clone_.root(), folder_ + "/store");
      int left = calls;
      (void)mine.workspace().SwitchTo("refs/heads/main", [&](std::string_view, uint64_t, uint64_t) {
        if (--left == 0) _exit(9);
      });
      _exit(left > 0 ? 0 : 1);
    }
    int ended = 0;
    ASSERT_EQ(waitpid(child, &ended, 0), child);
    ASSERT_NE(WEXITSTATUS(ended), 1);
    clone_.Reopen();
    ASSERT_EQ(clone_.SwitchTo("main"), absl::OkStatus()) << "killed at call " << calls;
    EXPECT_EQ(clone_.Files(), files);
    ExpectClean();
  }
  EXPECT_LE(std::distance(std::filesystem::directory_iterator(clone_.PathOf(".mreg/tmp")), {}), 1);
}

TEST_F(CheckoutTest, ProgressEndsAtTheTotal) {
  clone_.Write("a.bin", BinaryContent(3 << 20, 1));
  clone_.Write("b", "123");
  const CommitId commit = clone_.AddAllAndCommit();
  ASSERT_EQ(clone_.workspace().Detach(Version({}), nullptr), absl::OkStatus());
  uint64_t last = 0;
  ASSERT_TRUE(clone_.workspace()
                  .Detach(commit,
                          [&](std::string_view, uint64_t done, uint64_t total) {
                            EXPECT_EQ(total, (3u << 20) + 3);
                            EXPECT_GE(done, last);
                            last = done;
                          })
                  .ok());
  EXPECT_EQ(last, (3u << 20) + 3);
}

}  // namespace
}  // namespace mreg::workspace
