#include "cli/terminal/units.h"

#include <gtest/gtest.h>

namespace mreg::terminal {
namespace {

TEST(FormatSizeTest, ShowsThreeDigitsInDecimalUnits) {
  EXPECT_EQ(FormatSize(0), "0 B");
  EXPECT_EQ(FormatSize(999), "999 B");
  EXPECT_EQ(FormatSize(1000), "1.00 kB");
  EXPECT_EQ(FormatSize(2'327'524), "2.33 MB");
  EXPECT_EQ(FormatSize(88'140'000), "88.1 MB");
  EXPECT_EQ(FormatSize(881'400'000), "881 MB");
}

TEST(FormatSizeTest, NeverShowsAThousandOfAUnit) {
  EXPECT_EQ(FormatSize(999'999), "1.00 MB");
  EXPECT_EQ(FormatSize(9'996), "10.0 kB");
  EXPECT_EQ(FormatSize(UINT64_MAX), "18447 PB");
}

TEST(FormatSizeChangeTest, HasASign) {
  EXPECT_EQ(FormatSizeChange(1000, 2200), "+1.20 kB");
  EXPECT_EQ(FormatSizeChange(5, 2), "-3 B");
  EXPECT_EQ(FormatSizeChange(7, 7), "+0 B");
}

TEST(FormatDurationTest, ShowsTwoUnitsAtMost) {
  EXPECT_EQ(FormatDuration(std::chrono::seconds(4)), "4 s");
  EXPECT_EQ(FormatDuration(std::chrono::seconds(125)), "2 min 05 s");
  EXPECT_EQ(FormatDuration(std::chrono::seconds(11'220)), "3 h 07 min");
  EXPECT_EQ(FormatDuration(std::chrono::seconds(-1)), "0 s");
}

TEST(FormatCountTest, KnowsOneFromMany) {
  EXPECT_EQ(FormatCount(1, "file", "files"), "1 file");
  EXPECT_EQ(FormatCount(0, "file", "files"), "0 files");
}

TEST(FormatDateTest, ShowsTheWritersClock) {
  EXPECT_EQ(FormatDate(1'795'473'711, 60), "Mon Nov 23 23:41:51 2026 +0100");
  EXPECT_EQ(FormatDate(0, -90), "Thu Jan 1 00:00:00 1970 -0130");
  EXPECT_EQ(FormatIsoDate(1'795'473'711, 60), "2026-11-23T23:41:51+01:00");
}

TEST(FormatDateTest, SurvivesTimesThatNobodyMeant) {
  EXPECT_EQ(FormatIsoDate(INT64_MAX / 2, 0), "9999-12-31T23:59:59+00:00");
}

}  // namespace
}  // namespace mreg::terminal
