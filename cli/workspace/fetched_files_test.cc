#include "cli/workspace/fetched_files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <vector>

#include "schema/base/sha256.h"

namespace mreg::workspace {
namespace {

class FetchedFilesTest : public testing::Test {
 protected:
  static std::string FreshDirectory() {
    std::string path = JoinPath(testing::TempDir(), "fetched-XXXXXX");
    EXPECT_NE(mkdtemp(path.data()), nullptr);
    return path;
  }
  static ArtifactId Id(int number) { return IdOf<ArtifactId>(std::to_string(number)); }

  const std::unique_ptr<WorkTree> tree_ = *WorkTree::Open(FreshDirectory());
  FetchedFiles files_{*tree_, "temporary"};
};

TEST_F(FetchedFilesTest, WhatWasAcceptedCanBeTakenOnce) {
  auto file = files_.Open(Id(1), 5);
  ASSERT_NE(file, nullptr);
  ASSERT_TRUE(file->WriteAt(2, "llo").ok() && file->WriteAt(0, "he").ok());
  files_.Accept(Id(1), std::move(file));
  EXPECT_LT(files_.Take(Id(2)).get(), 0);
  const UniqueFd fd = files_.Take(Id(1));
  char content[8];
  EXPECT_EQ(pread(fd.get(), content, sizeof content, 0), 5);
  EXPECT_EQ(ByteView(content, 5), "hello");
  EXPECT_LT(files_.Take(Id(1)).get(), 0);
}

// The store, whose disk it may be, goes first.
TEST_F(FetchedFilesTest, WhatWouldFillTheDiskIsNotBegun) {
  EXPECT_EQ(files_.Open(Id(1), uint64_t{1} << 60), nullptr);
  EXPECT_EQ(files_.Open(Id(1), UINT64_MAX), nullptr);
  EXPECT_NE(files_.Open(Id(1), 1'000), nullptr);
}

TEST_F(FetchedFilesTest, NotMoreFilesAreOpenThanAProcessMayHave) {
  int kept = 0;
  for (int i = 0; i < 2'000; ++i) {
    auto file = files_.Open(Id(i), 1);
    if (file == nullptr) continue;
    ++kept;
    files_.Accept(Id(i), std::move(file));
  }
  EXPECT_GE(kept, 64);
  EXPECT_LE(kept, 256);
  files_.Take(Id(0));
  EXPECT_NE(files_.Open(Id(0), 1), nullptr);
}

TEST_F(FetchedFilesTest, AFailedWriteGivesBackTheSpace) {
  auto file = files_.Open(Id(1), 3 << 20);
  ASSERT_TRUE(file->WriteAt(0, Bytes(1 << 20, 'x')).ok());
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit limit{1 << 20, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  EXPECT_FALSE(file->WriteAt(1 << 20, "y").ok());
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(*file->Size(), 0u);
}

}  // namespace
}  // namespace mreg::workspace
