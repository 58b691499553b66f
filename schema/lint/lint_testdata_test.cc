// The lint on all models of Debian's package libonnx-testdata.
#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "schema/base/file_system.h"
#include "schema/base/status.h"
#include "schema/lint/lint.h"

namespace mreg::lint {
namespace {

constexpr char kTestData[] = "/usr/share/libonnx-testdata/data";

TEST(LintTestdataTest, EveryModelGetsAVerdict) {
  if (!std::filesystem::exists(kTestData)) GTEST_SKIP() << "libonnx-testdata is not installed";
  const auto linter = Linter::Open(MREG_LINT_ONNX, {});
  ASSERT_TRUE(linter.ok()) << MessageOf(linter.status());
  std::vector<std::filesystem::path> models;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kTestData)) {
    if (entry.path().extension() == ".onnx") models.push_back(entry.path());
  }
  std::map<Result, std::vector<std::string>> found;
  std::mutex mutex;
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < models.size(); i = next++) {
      const auto file = PosixFileSystem().OpenRead(models[i].string());
      const auto verdict = linter->Lint(**file);
      std::lock_guard lock(mutex);
      ASSERT_TRUE(verdict.ok()) << models[i] << ": " << MessageOf(verdict.status());
      found[verdict->result].push_back(models[i].parent_path().filename());
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  }
  EXPECT_GT(found[Result::kPassed].size(), 1'000u);
  EXPECT_THAT(found[Result::kTimedOut], testing::IsEmpty());
  EXPECT_THAT(found[Result::kCrashed], testing::IsEmpty());
  // Constants of integers, from before ONNX let them be such.
  EXPECT_THAT(found[Result::kFailed],
              testing::UnorderedElementsAre("test_operator_repeat", "test_PixelShuffle",
                                            "test_operator_repeat_dim_overflow"));
}

}  // namespace
}  // namespace mreg::lint
