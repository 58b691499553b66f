#include "storage/registry/upkeep.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

namespace mreg::registry {
namespace {

// Until somebody asks it to stop.
void WorkUntilStopped(const Upkeep::Turn& turn) {
  std::promise<void> stopped;
  const std::stop_callback callback(turn.stop(), [&] { stopped.set_value(); });
  stopped.get_future().wait();
}

class UpkeepTest : public testing::Test {
 protected:
  Upkeep upkeep_;
};

TEST_F(UpkeepTest, ThereIsOneCollectionAtATime) {
  {
    const auto turn = upkeep_.BeginCollection();
    ASSERT_TRUE(turn.ok());
    EXPECT_TRUE(absl::IsAborted(upkeep_.BeginCollection().status()));
    EXPECT_FALSE(turn->stop().stop_requested());
  }
  EXPECT_TRUE(upkeep_.BeginCollection().ok());
}

TEST_F(UpkeepTest, AnOptimizationStepsAsideForACollectionAndGoesOnAfterIt) {
  std::atomic<bool> is_collected = false;
  std::promise<void> begun;
  std::jthread optimizing([&] {
    {
      const auto turn = upkeep_.BeginOptimization();
      begun.set_value();
      WorkUntilStopped(*turn);
    }
    const auto again = upkeep_.BeginOptimization();
    EXPECT_TRUE(again.ok() && is_collected);
  });
  begun.get_future().wait();
  const auto turn = upkeep_.BeginCollection();
  ASSERT_TRUE(turn.ok());
  is_collected = true;
}

TEST_F(UpkeepTest, NobodyBeginsOrWaitsOnceItIsClosed) {
  std::promise<void> begun;
  std::jthread collecting([&] {
    const auto turn = upkeep_.BeginCollection();
    begun.set_value();
    WorkUntilStopped(*turn);
  });
  begun.get_future().wait();
  std::jthread waiting(
      [&] { EXPECT_TRUE(absl::IsUnavailable(upkeep_.BeginOptimization().status())); });
  upkeep_.Close();
  collecting.join();
  EXPECT_TRUE(absl::IsUnavailable(upkeep_.BeginCollection().status()));
  EXPECT_TRUE(absl::IsUnavailable(upkeep_.BeginOptimization().status()));
}

}  // namespace
}  // namespace mreg::registry
