#include "schema/base/file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/base/faulty_file_system.h"

namespace mreg {
namespace {

std::string FreshDirectory(const std::string& name) {
  std::string path = JoinPath(testing::TempDir(), name + "-XXXXXX");
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  return path;
}

TEST(FileSystem, WritesAndReadsBack) {
  FileSystem& fs = PosixFileSystem();
  const std::string path = JoinPath(FreshDirectory("fs"), "file");
  ASSERT_TRUE(WriteFileAtomically(fs, path, "hello").ok());
  EXPECT_EQ(*ReadSmallFile(fs, path, 100), "hello");
  EXPECT_EQ(ReadSmallFile(fs, path, 4).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(FileSystem, ReadingPastTheEndGivesWhatThereIs) {
  FileSystem& fs = PosixFileSystem();
  const std::string path = JoinPath(FreshDirectory("fs"), "file");
  ASSERT_TRUE(WriteFileAtomically(fs, path, "hello").ok());
  const auto file = fs.OpenRead(path);
  ASSERT_TRUE(file.ok());
  char buffer[10];
  EXPECT_EQ(*(*file)->ReadAt(3, buffer), 2u);
  EXPECT_EQ(*(*file)->ReadAt(30, buffer), 0u);
}

TEST(FileSystem, ErrorsNameThePathAndTheirKind) {
  FileSystem& fs = PosixFileSystem();
  const auto status = fs.OpenRead("/nonexistent/file").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("/nonexistent/file"));
}

TEST(FileSystem, CreateRefusesAnExistingFile) {
  FileSystem& fs = PosixFileSystem();
  const std::string path = JoinPath(FreshDirectory("fs"), "file");
  ASSERT_TRUE(fs.Create(path).ok());
  EXPECT_EQ(fs.Create(path).status().code(), absl::StatusCode::kAlreadyExists);
}

TEST(FileSystem, AFileIsBeingWrittenUntilItIsClosed) {
  FileSystem& fs = PosixFileSystem();
  const std::string path = JoinPath(FreshDirectory("fs"), "file");
  {
    const auto file = fs.Create(path);
    ASSERT_TRUE(file.ok());
    EXPECT_TRUE(*fs.IsBeingWritten(path));
  }
  EXPECT_FALSE(*fs.IsBeingWritten(path));
}

TEST(FileSystem, AFailedAtomicWriteLeavesTheOldContentAndNothingBeside) {
  FaultyFileSystem fs(PosixFileSystem());
  const std::string directory = FreshDirectory("fs");
  const std::string path = JoinPath(directory, "file");
  ASSERT_TRUE(WriteFileAtomically(fs, path, "old").ok());
  for (int step = 0; step < 4; ++step) {
    fs.FailAfter(step, absl::ResourceExhaustedError("disk full"));
    EXPECT_EQ(WriteFileAtomically(fs, path, "new").code(), absl::StatusCode::kResourceExhausted);
    fs.Heal();
    EXPECT_EQ(*ReadSmallFile(fs, path, 100), "old");
    EXPECT_EQ(fs.List(directory)->size(), 1u);
  }
}

TEST(FaultyFileSystem, APowerCutTakesWhatWasNotSynced) {
  FaultyFileSystem fs(PosixFileSystem());
  const std::string path = JoinPath(FreshDirectory("fs"), "file");
  {
    auto file = *fs.Create(path);
    ASSERT_TRUE(file->Write("durable").ok());
    ASSERT_TRUE(file->Sync().ok());
    ASSERT_TRUE(file->Write(" and lost").ok());
  }
  ASSERT_TRUE(fs.DropUnsyncedData().ok());
  EXPECT_EQ(*ReadSmallFile(fs, path, 100), "durable");
}

TEST(Paths, JoinAndParent) {
  EXPECT_EQ(JoinPath("a", "b"), "a/b");
  EXPECT_EQ(JoinPath("a/", "b"), "a/b");
  EXPECT_EQ(ParentPath("/a/b"), "/a");
  EXPECT_EQ(ParentPath("/a"), "/");
  EXPECT_EQ(ParentPath("a"), ".");
}

}  // namespace
}  // namespace mreg
