// What is particular to git's on-disk form: that git itself can read and write it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "storage/history/lock_record.h"
#include "storage/history/staging_index.h"
#include "storage/history/test_worlds.h"

namespace mreg::history {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct CommandResult {
  int code;
  std::string output;
};

CommandResult RunShell(const std::string& command) {
  FILE* const pipe = popen((command + " 2>&1").c_str(), "r");
  std::string output;
  std::array<char, 4096> buffer;
  for (size_t got; (got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    output.append(buffer.data(), got);
  }
  return {WEXITSTATUS(pclose(pipe)), output};
}

class DirectoryRepositoryTest : public testing::Test {
 protected:
  void SetUp() override {
    if (RunShell("git --version").code != 0) GTEST_SKIP() << "git is not installed";
  }

  std::unique_ptr<Repository> Init() {
    EXPECT_EQ(InitDirectory(git_directory_), absl::OkStatus());
    return Open();
  }
  std::unique_ptr<Repository> Open() { return *OpenDirectory(git_directory_); }

  // git as a user would run it in the clone, with nothing of this machine's configuration.
  std::string Git(const std::string& arguments) {
    const auto result = RunShell("cd " + work_tree_ +
                                 " && GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null"
                                 " GIT_COMMITTER_NAME=bob GIT_COMMITTER_EMAIL=bob@example.org"
                                 " GIT_AUTHOR_NAME=bob GIT_AUTHOR_EMAIL=bob@example.org"
                                 " git --git-dir=.mreg " +
                                 arguments);
    EXPECT_EQ(result.code, 0) << arguments << ": " << result.output;
    return result.output;
  }

  void WriteWorkFile(const std::string& name, ByteView content) {
    const std::string path = JoinPath(work_tree_, name);
    ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), path, content).ok());
    const timespec times[2] = {{1'700'000'000, 5}, {1'700'000'000, 5}};
    ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }

  FileStamp StampOfWorkFile(const std::string& name) {
    struct stat info;
    EXPECT_EQ(lstat(JoinPath(work_tree_, name).c_str(), &info), 0);
    return StampOf(info);
  }

  const std::string work_tree_ = FreshDirectory();
  const std::string git_directory_ = JoinPath(work_tree_, ".mreg");
};

TEST_F(DirectoryRepositoryTest, IsMadeOnce) {
  EXPECT_EQ(OpenDirectory(git_directory_).status().code(), absl::StatusCode::kNotFound);
  ASSERT_EQ(InitDirectory(git_directory_), absl::OkStatus());
  EXPECT_EQ(InitDirectory(git_directory_).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(*Open()->HeadBranch(), "refs/heads/main");
  EXPECT_EQ(Git("config core.bare"), "false\n");
  EXPECT_EQ(Git("config core.worktree"), "..\n");
  EXPECT_EQ(Git("status --porcelain"), "");
}

TEST_F(DirectoryRepositoryTest, GitReadsHistoryAndReflog) {
  History history(Init());
  const CommitId first = history.CommitOf({history.File("a/b", "1"), history.File("a.c", "1")}, {});
  const CommitId second = history.CommitOf({history.File("a/b", "2")}, {first});
  ASSERT_TRUE(history.repository->Flush().ok());
  References& references = history.repository->references();
  const MoveRecord record = {"Bob B. <bob@example.org>", kAnyRecord.when, "commit:\nsilero v5"};
  const ReferenceMove moves[] = {
      {"refs/heads/main", std::nullopt, ToObjectId(first)},
      {"refs/tags/v1", std::nullopt, history.Tag("v1", ToObjectId(first))}};
  ASSERT_EQ(references.Move(moves, kAnyRecord), absl::OkStatus());
  const ReferenceMove move = {"refs/heads/main", ToObjectId(first), ToObjectId(second)};
  ASSERT_EQ(references.Move({&move, 1}, record), absl::OkStatus());

  EXPECT_EQ(Git("fsck --strict --full --no-dangling --no-progress"), "");
  EXPECT_EQ(Git("log --format=%H"), second.ToHex() + "\n" + first.ToHex() + "\n");
  EXPECT_EQ(Git("log -1 --format='%an <%ae> %ai'"),
            "Alice <alice@example.org> 2023-11-15 00:13:22 +0200\n");
  EXPECT_THAT(Git("describe main"), StartsWith("v1-1-"));
  EXPECT_EQ(Git("reflog show main --format='%gn %ge %gs'"),
            "Bob B bob@example.org commit: silero v5\nalice alice test\n");
  EXPECT_THAT(Git("reflog show HEAD"), HasSubstr("commit: silero v5"));
}

TEST_F(DirectoryRepositoryTest, WhatGitHasPackedIsRead) {
  History history(Init());
  const CommitId commit = history.CommitOf("1");
  history.Point("refs/heads/main", ToObjectId(commit));
  history.Point("refs/heads/old", ToObjectId(commit));
  ASSERT_TRUE(history.repository->Flush().ok());
  Git("gc --quiet --prune=now");
  const auto opened = Open();
  EXPECT_EQ(opened->ReadFiles(commit)->front().path, "file");
  EXPECT_EQ(*opened->Resolve(commit.ToHex().substr(0, 10)), commit);
  EXPECT_EQ(*opened->references().Read("refs/heads/old"), ToObjectId(commit));
  const ReferenceMove move = {"refs/heads/old", ToObjectId(commit), std::nullopt};
  ASSERT_EQ(opened->references().Move({&move, 1}, kAnyRecord), absl::OkStatus());
  EXPECT_EQ(*opened->references().Read("refs/heads/old"), std::nullopt);
  EXPECT_EQ(Git("for-each-ref --format='%(refname)'"), "refs/heads/main\n");
}

TEST_F(DirectoryRepositoryTest, WhatGitWritesIsSeenByAnOpenRepository) {
  History history(Init());
  const CommitId first = history.CommitOf("1");
  history.Point("refs/heads/main", ToObjectId(first));
  ASSERT_TRUE(history.repository->Flush().ok());
  Git("commit --allow-empty --quiet -m 'by git'");
  const auto head = history.repository->Resolve("HEAD");
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_EQ(history.repository->ReadCommit(*head)->message, "by git\n");
  EXPECT_EQ(*history.repository->Resolve("main~1"), first);
}

TEST_F(DirectoryRepositoryTest, HeadCanBeDetached) {
  History history(Init());
  const CommitId commit = history.CommitOf("1");
  ASSERT_TRUE(history.repository->Flush().ok());
  ASSERT_EQ(history.repository->DetachHead(commit), absl::OkStatus());
  EXPECT_EQ(*history.repository->HeadBranch(), std::nullopt);
  EXPECT_EQ(*history.repository->Resolve("HEAD"), commit);
  EXPECT_EQ(Git("rev-parse HEAD"), commit.ToHex() + "\n");
  ASSERT_EQ(history.repository->SetHeadBranch("refs/heads/next"), absl::OkStatus());
  EXPECT_EQ(Git("symbolic-ref HEAD"), "refs/heads/next\n");
}

TEST_F(DirectoryRepositoryTest, AnObjectThatAPowerCutLeftEmptyIsWrittenAgain) {
  const auto repository = Init();
  const ObjectId blob = *repository->WriteObject(ObjectType::kBlob, "x");
  const std::string hex = blob.ToHex();
  const std::string path = git_directory_ + "/objects/" + hex.substr(0, 2) + "/" + hex.substr(2);
  ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), path, "").ok());
  const auto opened = Open();
  EXPECT_EQ(opened->ReadObject(blob).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(opened->WriteObject(ObjectType::kBlob, "x").ok());
  EXPECT_EQ(Open()->ReadObject(blob)->data, "x");
}

// A command that was killed while it moved `names`.
void LeaveLocks(const std::string& git_directory, const std::vector<std::string>& names) {
  const pid_t child = fork();
  if (child == 0) {
    const auto record = LockRecord::Begin(git_directory, names);
    bool ok = record.ok();
    for (const std::string& name : names) {
      const std::string lock = JoinPath(git_directory, name + ".lock");
      ok = WriteFileAtomically(PosixFileSystem(), lock, "").ok() && ok;
    }
    _exit(ok ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
}

TEST_F(DirectoryRepositoryTest, LocksThatAKilledCommandLeftAreNotInTheWay) {
  History history(Init());
  const ObjectId commit = ToObjectId(history.CommitOf("1"));
  history.Point("refs/heads/main", commit);
  LeaveLocks(git_directory_, {"refs/heads/main", "packed-refs", "HEAD"});
  // Of git: no record names it.
  const std::string gits = git_directory_ + "/refs/heads/other.lock";
  ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), gits, "").ok());
  history.Point("refs/heads/main",
                ToObjectId(history.CommitOf("2", {*CommitId::FromBytes(commit.bytes())})));
  EXPECT_TRUE(history.repository->SetHeadBranch("refs/heads/x").ok());
  EXPECT_TRUE(*PosixFileSystem().Exists(gits));
  Git("fsck --strict");
}

TEST_F(DirectoryRepositoryTest, ARecordOfLocksLeadsNowhereElse) {
  Init();
  const std::string outside = JoinPath(work_tree_, "mine.lock");
  ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), outside, "").ok());
  ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), git_directory_ + "/mreg-locks",
                                  "../mine\nrefs/heads/../../../mine\nindex\n")
                  .ok());
  EXPECT_TRUE(LockRecord::Begin(git_directory_, {}).ok());
  EXPECT_TRUE(*PosixFileSystem().Exists(outside));
}

TEST_F(DirectoryRepositoryTest, ADamagedReferenceIsDataLoss) {
  const auto repository = Init();
  ASSERT_TRUE(
      WriteFileAtomically(PosixFileSystem(), git_directory_ + "/refs/heads/main", "junk").ok());
  EXPECT_EQ(repository->references().Read("refs/heads/main").status().code(),
            absl::StatusCode::kDataLoss);
}

// The staged blob is a pointer and the file the artifact: only the stamp can tell git that the file
// has not changed.
TEST_F(DirectoryRepositoryTest, GitSeesAStagedFileAsUnchangedByItsStamp) {
  History history(Init());
  WriteWorkFile("model.onnx", "the artifact");
  const TreeEntry entry = history.File("model.onnx", "a pointer to it");
  history.Point("refs/heads/main", ToObjectId(history.CommitOf({entry}, {})));
  ASSERT_TRUE(history.repository->Flush().ok());
  const auto index = *OpenStagingIndex(git_directory_);
  index->Put({entry, StampOfWorkFile("model.onnx")});
  ASSERT_EQ(index->Save(), absl::OkStatus());
  EXPECT_EQ(Git("--work-tree=. status --porcelain"), "");
  EXPECT_EQ(Git("status --porcelain"), "");
  WriteWorkFile("model.onnx", "another artifact");
  EXPECT_EQ(Git("--work-tree=. status --porcelain"), " M model.onnx\n");
}

TEST_F(DirectoryRepositoryTest, AnIndexThatGitWroteIsReadAndItsConflictsRefused) {
  History history(Init());
  const CommitId base = history.CommitOf("1");
  const CommitId ours = history.CommitOf("2", {base});
  history.Point("refs/heads/main", ToObjectId(ours));
  history.Point("refs/heads/theirs", ToObjectId(history.CommitOf("3", {base})));
  ASSERT_TRUE(history.repository->Flush().ok());
  Git("reset --quiet --hard");
  const auto index = *OpenStagingIndex(git_directory_);
  ASSERT_EQ(index->files().size(), 1u);
  EXPECT_EQ(index->files()[0].entry, history.File("file", "2"));
  EXPECT_EQ(index->files()[0].stamp, StampOfWorkFile("file"));
  Git("merge --quiet theirs || true");
  EXPECT_EQ(OpenStagingIndex(git_directory_).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace mreg::history
