#include "storage/history/staging_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <ctime>

#include "schema/base/file_system.h"
#include "storage/history/test_worlds.h"

namespace mreg::history {
namespace {

using testing::ElementsAre;

constexpr int64_t kLongAgo = 1'600'000'000;

class StagingIndexTest : public testing::Test {
 protected:
  std::unique_ptr<StagingIndex> Open() {
    auto opened = OpenStagingIndex(directory_);
    EXPECT_EQ(opened.status(), absl::OkStatus());
    return *std::move(opened);
  }

  static FileStamp Stamp(int64_t modified) {
    return {.modified_seconds = modified,
            .modified_nanoseconds = 123'456'789,
            .changed_seconds = modified + 1,
            .changed_nanoseconds = 5,
            .device = 6,
            .inode = 7,
            .user = 8,
            .group = 9,
            .size = 10};
  }

  StagedFile File(std::string path, int64_t modified = kLongAgo) const {
    return {{std::move(path), FileMode::kRegular, blob_}, Stamp(modified)};
  }

  static std::vector<std::string> Paths(const StagingIndex& index) {
    std::vector<std::string> paths;
    for (const StagedFile& file : index.files()) paths.push_back(file.entry.path);
    return paths;
  }

  const std::string directory_ = FreshDirectory();
  const ObjectId blob_ = *ObjectId::FromHex(std::string(40, '1'));
};

TEST_F(StagingIndexTest, KeepsGitsSkipWorktreeBit) {
  auto index = Open();
  StagedFile left_out = File("a");
  left_out.skip_worktree = true;
  index->Put(left_out);
  index->Put(File("b"));
  ASSERT_EQ(index->Save(), absl::OkStatus());
  index = Open();
  EXPECT_TRUE(index->Find("a")->skip_worktree);
  EXPECT_FALSE(index->Find("b")->skip_worktree);
  index->Put(File("a"));
  ASSERT_EQ(index->Save(), absl::OkStatus());
  EXPECT_FALSE(Open()->Find("a")->skip_worktree);
}

TEST_F(StagingIndexTest, ComesBackAsItWasSaved) {
  const auto index = Open();
  EXPECT_TRUE(index->files().empty());
  for (const char* path : {"b", "a/b", "a.c", "a-d"}) index->Put(File(path));
  StagedFile script = File("run.sh");
  script.entry.mode = FileMode::kExecutable;
  index->Put(script);
  ASSERT_EQ(index->Save(), absl::OkStatus());
  const auto read = Open();
  EXPECT_THAT(Paths(*read), ElementsAre("a-d", "a.c", "a/b", "b", "run.sh"));
  EXPECT_EQ(read->Find("run.sh")->entry, script.entry);
  EXPECT_EQ(read->Find("a/b")->stamp, Stamp(kLongAgo));
  EXPECT_EQ(read->Find("a"), nullptr);
}

TEST_F(StagingIndexTest, FilesAreReplacedRemovedAndCleared) {
  const auto index = Open();
  index->Put(File("a"));
  index->Put(File("b"));
  index->Put(File("a", kLongAgo + 5));
  EXPECT_EQ(index->Find("a")->stamp, Stamp(kLongAgo + 5));
  EXPECT_THAT(Paths(*index), ElementsAre("a", "b"));
  index->Remove("a");
  index->Remove("absent");
  EXPECT_THAT(Paths(*index), ElementsAre("b"));
  ASSERT_EQ(index->Save(), absl::OkStatus());
  index->Clear();
  ASSERT_EQ(index->Save(), absl::OkStatus());
  EXPECT_TRUE(Open()->files().empty());
}

TEST_F(StagingIndexTest, AFolderTakesThePlaceOfAFileAndTheOtherWayRound) {
  const auto index = Open();
  for (const char* path : {"a", "a.b", "b/x", "b/y/z", "b.c"}) index->Put(File(path));
  index->Put(File("a/x/y"));
  index->Put(File("b"));
  EXPECT_THAT(Paths(*index), ElementsAre("a.b", "a/x/y", "b", "b.c"));
  ASSERT_EQ(index->Save(), absl::OkStatus());
  EXPECT_EQ(Paths(*Open()), Paths(*index));
}

TEST_F(StagingIndexTest, AnEqualStampOfAnOldFileProvesIt) {
  {
    const auto index = Open();
    index->Put(File("old"));
    ASSERT_EQ(index->Save(), absl::OkStatus());
    EXPECT_TRUE(index->IsUnchanged(*index->Find("old"), Stamp(kLongAgo)));
  }
  const auto index = Open();
  const StagedFile& old = *index->Find("old");
  EXPECT_TRUE(index->IsUnchanged(old, Stamp(kLongAgo)));
  FileStamp touched = Stamp(kLongAgo);
  touched.inode = 99;
  EXPECT_FALSE(index->IsUnchanged(old, touched));
}

TEST_F(StagingIndexTest, AFileModifiedAsTheIndexWasWrittenIsNotProven) {
  const int64_t soon = std::time(nullptr) + 100;
  const auto index = Open();
  index->Put(File("racy", soon));
  ASSERT_EQ(index->Save(), absl::OkStatus());
  EXPECT_FALSE(index->IsUnchanged(*index->Find("racy"), Stamp(soon)));
}

TEST_F(StagingIndexTest, ALaterSaveDoesNotMakeARacyStampProof) {
  const int64_t soon = std::time(nullptr) + 100;
  {
    const auto index = Open();
    index->Put(File("racy", soon));
    index->Put(File("old"));
    ASSERT_EQ(index->Save(), absl::OkStatus());
  }
  const auto index = Open();
  EXPECT_EQ(index->Find("racy")->stamp, Stamp(soon));
  ASSERT_EQ(index->Save(), absl::OkStatus());
  EXPECT_EQ(index->Find("racy")->stamp.size, 0u);
  EXPECT_EQ(Open()->Find("racy")->stamp.size, 0u);
  EXPECT_EQ(Open()->Find("old")->stamp, Stamp(kLongAgo));
}

TEST_F(StagingIndexTest, SizeZeroProvesOnlyTheEmptyFile) {
  const auto index = Open();
  StagedFile file = File("a");
  file.stamp.size = 0;
  index->Put(file);
  ASSERT_EQ(index->Save(), absl::OkStatus());
  EXPECT_FALSE(index->IsUnchanged(file, file.stamp));
  file.entry.blob = *ObjectId::FromHex("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  EXPECT_TRUE(index->IsUnchanged(file, file.stamp));
}

TEST_F(StagingIndexTest, AnotherWriterIsNoticed) {
  const auto first = Open();
  const auto second = Open();
  first->Put(File("a"));
  second->Put(File("b"));
  ASSERT_EQ(first->Save(), absl::OkStatus());
  EXPECT_EQ(second->Save().code(), absl::StatusCode::kAborted);
  EXPECT_THAT(Paths(*Open()), ElementsAre("a"));
  first->Put(File("c"));
  EXPECT_EQ(first->Save(), absl::OkStatus());
}

TEST_F(StagingIndexTest, AHeldLockIsUnavailableAndLeftAlone) {
  const std::string lock = JoinPath(directory_, "index.lock");
  ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), lock, "").ok());
  const auto index = Open();
  index->Put(File("a"));
  EXPECT_EQ(index->Save().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(*PosixFileSystem().Exists(lock));
  ASSERT_TRUE(PosixFileSystem().Remove(lock).ok());
  EXPECT_EQ(index->Save(), absl::OkStatus());
  EXPECT_FALSE(*PosixFileSystem().Exists(lock));
}

TEST_F(StagingIndexTest, WhatACrashLeftBesideIsNotInTheWay) {
  for (const char* left : {"index.mreg-new", "index.mreg-new.lock"}) {
    ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), JoinPath(directory_, left), "junk").ok());
  }
  const auto index = Open();
  index->Put(File("a"));
  EXPECT_EQ(index->Save(), absl::OkStatus());
  EXPECT_EQ(PosixFileSystem().List(directory_)->size(), 1u);
}

TEST_F(StagingIndexTest, ADamagedIndexIsDataLoss) {
  const auto index = Open();
  index->Put(File("a"));
  ASSERT_EQ(index->Save(), absl::OkStatus());
  const std::string path = JoinPath(directory_, "index");
  Bytes content = *ReadSmallFile(PosixFileSystem(), path, 1 << 20);
  content[30] ^= 1;
  ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), path, content).ok());
  EXPECT_EQ(OpenStagingIndex(directory_).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(StagingIndexTest, FilesWithUnsafeNamesAreNotSaved) {
  for (const char* path : {"../a", ".git/config", "a//b"}) {
    const auto index = Open();
    index->Put(File(path));
    EXPECT_FALSE(index->Save().ok()) << path;
  }
  EXPECT_TRUE(Open()->files().empty());
}

TEST_F(StagingIndexTest, HoldsManyFiles) {
  constexpr int kFiles = 20'000;
  const auto index = Open();
  for (int i = kFiles; i > 0; --i) index->Put(File("folder/file-" + std::to_string(100'000 + i)));
  ASSERT_EQ(index->Save(), absl::OkStatus());
  EXPECT_EQ(Open()->files().size(), size_t{kFiles});
}

}  // namespace
}  // namespace mreg::history
