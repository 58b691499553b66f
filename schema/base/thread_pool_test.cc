#include "schema/base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>

namespace mreg {
namespace {

TEST(ThreadPool, RunsEverythingBeforeItIsDestroyed) {
  std::atomic<int> ran = 0;
  {
    ThreadPool pool(3);
    for (int i = 0; i < 1000; ++i) pool.Schedule([&] { ++ran; });
  }
  EXPECT_EQ(ran, 1000);
}

TEST(ThreadPool, ATaskMayScheduleAnother) {
  std::atomic<bool> ran = false;
  {
    ThreadPool pool(1);
    pool.Schedule([&] { pool.Schedule([&] { ran = true; }); });
  }
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace mreg
