#include "cli/terminal/progress.h"

#include <gtest/gtest.h>

#include <memory>

namespace mreg::terminal {
namespace {

using Seconds = RateMeter::Seconds;

const ProgressState kHalfway = {"sending", 36'100'000, 88'100'000, 10'200'000};

TEST(FormatProgressTest, ShowsShareRateAndTimeLeft) {
  EXPECT_EQ(FormatProgress(kHalfway, 80),
            "sending   40 %  36.1 MB of 88.1 MB  10.2 MB/s  5 s left");
}

TEST(FormatProgressTest, LeavesOutWhatDoesNotFit) {
  EXPECT_EQ(FormatProgress(kHalfway, 50), "sending   40 %  36.1 MB of 88.1 MB  10.2 MB/s");
  EXPECT_EQ(FormatProgress(kHalfway, 4), "send");
}

TEST(FormatProgressTest, SaysNothingOfARateItDoesNotKnow) {
  EXPECT_EQ(FormatProgress({"x", 0, 1000, 0}, 80), "x    0 %  0 B of 1.00 kB");
}

TEST(RateMeterTest, MeasuresASteadyRate) {
  RateMeter meter;
  for (int i = 0; i <= 10; ++i) meter.Add(100u * static_cast<unsigned>(i), Seconds(i));
  EXPECT_NEAR(meter.rate(), 100, 0.001);
}

TEST(RateMeterTest, FollowsAChangeWithinSeconds) {
  RateMeter meter;
  meter.Add(0, Seconds(0));
  meter.Add(1000, Seconds(1));
  for (int i = 2; i <= 12; ++i) meter.Add(1000 + 10u * static_cast<unsigned>(i - 1), Seconds(i));
  EXPECT_LT(meter.rate(), 50);
}

TEST(RateMeterTest, StandsAnotherFilesBeginning) {
  RateMeter meter;
  meter.Add(0, Seconds(0));
  meter.Add(100, Seconds(1));
  meter.Add(0, Seconds(2));
  meter.Add(100, Seconds(3));
  EXPECT_NEAR(meter.rate(), 100, 0.001);
}

TEST(ProgressBarTest, DrawsTenTimesASecondAtMost) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> err(std::tmpfile(), &std::fclose);
  Terminal terminal(nullptr, err.get(), {.shows_progress = true});
  Seconds now{0};
  ProgressBar bar(terminal, [&] { return now; });
  for (int i = 0; i < 1000; ++i) {
    now += Seconds(0.001);
    bar.Update("x", static_cast<uint64_t>(i), 1000);
  }
  std::rewind(err.get());
  int bars = 0;
  for (int c = std::fgetc(err.get()); c != EOF; c = std::fgetc(err.get())) bars += c == '\r';
  EXPECT_LE(bars, 11);
  EXPECT_GE(bars, 9);
}

}  // namespace
}  // namespace mreg::terminal
