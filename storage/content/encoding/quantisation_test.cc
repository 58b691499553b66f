#include "storage/content/encoding/quantisation.h"

#include <gtest/gtest.h>

#include <random>

namespace mreg::encoding {
namespace {

constexpr onnx::DataType kUint8 = 2, kInt8 = 3, kUint4 = 21, kInt4 = 22;

std::vector<size_t> GroupsOf(const Grouping& grouping, size_t elements) {
  // With a line of its own for each group, a zero point tells the group of its element.
  std::vector<Line> lines(GroupCount(grouping, elements));
  for (size_t i = 0; i < lines.size(); ++i) lines[i] = {1, -static_cast<int32_t>(i)};
  std::vector<float> groups(elements);
  Dequantise(std::vector<int16_t>(elements), grouping, lines, groups);
  return {groups.begin(), groups.end()};
}

TEST(Levels, OfFourBitsLieTwoToAByteTheFirstInTheLowHalf) {
  EXPECT_EQ(PackLevels(std::vector<int16_t>{1, -2, -8}, kInt4), Bytes("\xe1\x08", 2));
  EXPECT_EQ(UnpackLevels("\xe1", kInt4), (std::vector<int16_t>{1, -2}));
  EXPECT_EQ(UnpackLevels("\xe1", kUint4), (std::vector<int16_t>{1, 14}));
}

TEST(Levels, ComeBackWhateverTheBytes) {
  Bytes all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  for (const auto type : {kUint8, kInt8, kUint4, kInt4}) {
    EXPECT_EQ(PackLevels(UnpackLevels(all, type), type), all) << type;
  }
}

TEST(Grouping, IsByRowByColumnOrByBlock) {
  using Groups = std::vector<size_t>;
  EXPECT_EQ(GroupsOf({}, 4), (Groups{0, 0, 0, 0}));
  EXPECT_EQ(GroupsOf({3, 4, 0, 1}, 9), (Groups{0, 0, 1, 1, 1, 2, 2, 2, 3}));
  EXPECT_EQ(GroupsOf({1, 3, 0, 2}, 7), (Groups{2, 0, 1, 2, 0, 1, 2}));
  EXPECT_EQ(GroupsOf({2, 2, 0, 0}, 7), (Groups{0, 0, 1, 1, 0, 0, 1}));
  EXPECT_EQ(GroupsOf({1, 2, 4, 1}, 9), (Groups{1, 0, 1, 2, 3, 2, 3, 4, 5}));
}

TEST(Grouping, ThatMakesNoSenseHasNoGroups) {
  constexpr uint32_t kMost = 0xffffffff;
  EXPECT_EQ(GroupCount({0, 1, 0, 0}, 10), 0u);
  EXPECT_EQ(GroupCount({1, 0, 0, 0}, 10), 0u);
  EXPECT_EQ(GroupCount({1, 11, 0, 0}, 10), 0u);
  EXPECT_EQ(GroupCount({kMost, kMost, kMost, kMost}, 10), 0u);
  EXPECT_EQ(GroupCount({1, 1, 1, kMost}, 10), 0u);
  EXPECT_EQ(GroupCount({1, 1, 0, 0}, 0), 0u);
  EXPECT_EQ(GroupCount({kMost, 10, 0, kMost}, 10), 10u);
}

TEST(Products, HaveZeroPointsOfTheirLevelsType) {
  for (const int zero_point : {-1'000, -300, 300, 1'000}) {
    std::vector<int16_t> levels(256);
    std::vector<float> values(256);
    for (size_t i = 0; i < levels.size(); ++i) {
      levels[i] = static_cast<int16_t>(i);
      values[i] = 0.01f * static_cast<float>(levels[i] - zero_point);
    }
    const Line line = FitProducts(levels, kUint8, values, {})[0];
    EXPECT_GE(line.zero_point, 0);
    EXPECT_LE(line.zero_point, 255);
  }
}

TEST(UsualGroupings, StayInsideTheirElements) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<int64_t> dims(random() % 5);
    for (int64_t& dim : dims) {
      dim = static_cast<int64_t>(random() >> (random() % 64)) * (random() % 9 == 0 ? -1 : 1);
    }
    const uint64_t first = random() >> (random() % 64);
    const size_t elements = 1 + random() % 5'000;
    for (const Grouping& grouping : UsualGroupings(dims, first, elements)) {
      const uint64_t groups = GroupCount(grouping, elements);
      ASSERT_GT(groups, 0u);
      for (const size_t group : GroupsOf(grouping, elements)) ASSERT_LT(group, groups);
    }
  }
}

}  // namespace
}  // namespace mreg::encoding
