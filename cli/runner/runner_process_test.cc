#include "cli/runner/runner_process.h"

#include <gtest/gtest.h>

namespace mreg::runner {
namespace {

constexpr char kReady[] =
    R"(echo '{"event":"ready","protocol":1,"runner":"r","runtime":"t","version":"1"}'; )";

absl::StatusOr<std::unique_ptr<RunnerProcess>> StartShell(const std::string& script,
                                                          double seconds = 20) {
  return RunnerProcess::Start({"sh", "-c", script}, {seconds, 0});
}

TEST(RunnerProcessTest, TalksToTheRunner) {
  const auto runner = StartShell(
      std::string(kReady) + R"(read line; echo '{"event":"unloaded","providers":[]}'; read x)");
  ASSERT_TRUE(runner.ok()) << runner.status();
  EXPECT_EQ((*runner)->ready().runtime, "t");
  const auto answer = (*runner)->Ask(UnloadRequest{});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_TRUE(std::holds_alternative<UnloadedAnswer>(*answer));
}

TEST(RunnerProcessTest, ACrashIsToldAsSuch) {
  const auto runner = StartShell(std::string(kReady) + "read line; kill -SEGV $$");
  ASSERT_TRUE(runner.ok()) << runner.status();
  EXPECT_TRUE(absl::IsUnavailable((*runner)->Ask(UnloadRequest{}).status()));
  ASSERT_TRUE((*runner)->ending());
  EXPECT_EQ((*runner)->ending()->Text(), "crashed: signal 11 (Segmentation fault)");
  EXPECT_FALSE((*runner)->Ask(UnloadRequest{}).ok());
}

TEST(RunnerProcessTest, AnExitIsToldWithItsLastWords) {
  const auto runner = StartShell(std::string(kReady) + "read line; echo goodbye >&2; exit 3");
  ASSERT_TRUE(runner.ok()) << runner.status();
  EXPECT_FALSE((*runner)->Ask(UnloadRequest{}).ok());
  ASSERT_TRUE((*runner)->ending());
  EXPECT_EQ((*runner)->ending()->Text(), "ended with exit code 3");
  EXPECT_EQ((*runner)->ending()->last_words, "goodbye\n");
}

TEST(RunnerProcessTest, OneThatDoesNotAnswerIsKilled) {
  const auto runner = StartShell(std::string(kReady) + "exec sleep 100", 0.2);
  ASSERT_TRUE(runner.ok()) << runner.status();
  EXPECT_FALSE((*runner)->Ask(UnloadRequest{}).ok());
  ASSERT_TRUE((*runner)->ending());
  EXPECT_EQ((*runner)->ending()->Text(), "timed out");
}

TEST(RunnerProcessTest, OneThatDoesNotStartIsAnError) {
  EXPECT_TRUE(
      absl::IsFailedPrecondition(RunnerProcess::Start({"no-such-program-here"}, {}).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(StartShell("echo why >&2; exit 1").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(StartShell("echo nonsense; read x").status()));
}

}  // namespace
}  // namespace mreg::runner
