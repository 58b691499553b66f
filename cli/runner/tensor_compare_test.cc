#include "cli/runner/tensor_compare.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

namespace mreg::runner {
namespace {

Tensor Floats(std::vector<float> values) {
  Tensor tensor{"y", "float", {static_cast<int64_t>(values.size())}, "", {}};
  tensor.data.assign(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  return tensor;
}

TEST(TensorCompareTest, ToleratesASmallDifference) {
  const Tolerance tolerance{1e-3, 1e-6};
  EXPECT_TRUE(Compare(Floats({1000.5F, 0}), Floats({1000, 0}), tolerance).matches);
  const Comparison off = Compare(Floats({1002, 0}), Floats({1000, 0}), tolerance);
  EXPECT_FALSE(off.matches);
  EXPECT_EQ(off.wrong, 1u);
  EXPECT_EQ(off.max_absolute, 2);
  EXPECT_FALSE(Compare(Floats({1e-5F}), Floats({0}), tolerance).matches);
}

TEST(TensorCompareTest, NaNIsLikeNaNOnly) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(Compare(Floats({nan, infinity}), Floats({nan, infinity}), {}).matches);
  EXPECT_EQ(Compare(Floats({nan, infinity, 1}), Floats({1, -infinity, nan}), {}).wrong, 3u);
}

TEST(TensorCompareTest, TypesAndShapesHaveToBeTheSame) {
  Tensor other = Floats({1, 2});
  other.shape = {2, 1};
  EXPECT_FALSE(Compare(other, Floats({1, 2}), {}).message.empty());
  other.type = "int32";
  EXPECT_FALSE(Compare(other, Floats({1, 2}), {}).message.empty());
}

TEST(TensorCompareTest, KnowsHalvesLargeNumbersAndTexts) {
  const Tensor one{"y", "float16", {1}, Bytes("\x00\x3c", 2), {}};
  Tensor near = one;
  near.data = Bytes("\x01\x3c", 2);
  EXPECT_TRUE(Compare(near, one, {1e-2, 0}).matches);
  EXPECT_FALSE(Compare(near, one, {1e-5, 0}).matches);
  // A double cannot tell these two apart.
  Tensor large{"y", "int64", {2}, Bytes("\x01\0\0\0\0\0\0\x40\0\0\0\0\0\0\0\0", 16), {}};
  Tensor larger = large;
  larger.data[0] = 2;
  EXPECT_EQ(Compare(larger, large, {}).wrong, 1u);
  const Tensor text{"y", "string", {1}, "", {"a"}};
  Tensor another = text;
  EXPECT_TRUE(Compare(another, text, {}).matches);
  another.strings[0] = "b";
  EXPECT_FALSE(Compare(another, text, {}).matches);
}

}  // namespace
}  // namespace mreg::runner
