#include "storage/content/encoding/prediction.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

namespace mreg::encoding {
namespace {

constexpr onnx::DataType kFloat = 1, kUint8 = 2, kInt8 = 3, kFloat16 = 10, kBfloat16 = 16;

template <typename T>
Bytes AsBytes(const std::vector<T>& values) {
  return Bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

std::vector<float> Normal(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> numbers(0, 0.05f);
  std::vector<float> values(count);
  for (float& value : values) value = numbers(random);
  return values;
}

uint16_t Rounded(float value, onnx::DataType to) {
  const Bytes word = Predict(AsBytes<float>({value}), {Rule::Kind::kRound, kFloat, to});
  uint16_t result;
  std::memcpy(&result, word.data(), 2);
  return result;
}

#ifdef __FLT16_MAX__
// The compiler's own conversion is the reference.
TEST(Rounding, ToHalfIsThatOfTheCompilerForFloatsOfEveryExponent) {
  std::mt19937 random(1);
  for (uint32_t exponent = 0; exponent < 256; ++exponent) {
    for (int i = 0; i < 4'000; ++i) {
      uint32_t mantissa = random() & 0x7fffff;
      if (i % 3 == 0) mantissa &= 0x7ff000;  // ties, where the bits below are zero
      const float value =
          std::bit_cast<float>((uint32_t(random()) & 0x80000000) | exponent << 23 | mantissa);
      if (std::isnan(value)) continue;
      const auto expected = std::bit_cast<uint16_t>(static_cast<_Float16>(value));
      ASSERT_EQ(Rounded(value, kFloat16), expected) << std::bit_cast<uint32_t>(value);
    }
  }
}

TEST(Rounding, ToBfloatGoesToTheEvenOneOfTwoAsNear) {
  const auto bits = [](uint32_t word) { return std::bit_cast<float>(word); };
  EXPECT_EQ(Rounded(bits(0x3f808000), kBfloat16), 0x3f80);
  EXPECT_EQ(Rounded(bits(0x3f818000), kBfloat16), 0x3f82);
  EXPECT_EQ(Rounded(bits(0x3f808001), kBfloat16), 0x3f81);
  EXPECT_EQ(Rounded(bits(0x7f7fffff), kBfloat16), 0x7f80);
  EXPECT_GT(Rounded(bits(0x7f800001), kBfloat16), 0x7f80);  // still no number
}

TEST(Rounding, FromHalfIsExactForAllOfThem) {
  for (uint32_t half = 0; half < 0x10000; ++half) {
    const auto word = static_cast<uint16_t>(half);
    const auto expected = static_cast<float>(std::bit_cast<_Float16>(word));
    if (std::isnan(expected)) continue;
    // A scale of 1 shows the value as it was read.
    const Rule rule{Rule::Kind::kQuantise, kFloat16, kInt8, 1.0f, 0};
    const float level = std::min(127.0f, std::max(-128.0f, std::nearbyint(expected)));
    ASSERT_EQ(static_cast<signed char>(Predict(AsBytes<uint16_t>({word}), rule)[0]), level) << half;
  }
}

#endif  // __FLT16_MAX__

TEST(Quantisation, IsFoundFromTheValues) {
  const std::vector<float> values = Normal(200'000, 2);
  for (const Rule& rule : {Rule{Rule::Kind::kQuantise, kFloat, kInt8, 0.00173f, 0},
                           Rule{Rule::Kind::kQuantise, kFloat, kUint8, 0.00191f, 131},
                           Rule{Rule::Kind::kQuantise, kFloat, kUint8, 0.0009f, 128}}) {
    const Bytes base = AsBytes(values), levels = Predict(base, rule);
    const auto found = FindRule(levels, rule.to, base, kFloat);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->zero_point, rule.zero_point);
    const Bytes again = Predict(base, *found);
    size_t misses = 0;
    for (size_t i = 0; i < levels.size(); ++i) misses += levels[i] != again[i];
    EXPECT_LE(misses, 5u);
  }
}

TEST(Quantisation, IsNotFoundInOtherNumbers) {
  std::mt19937 random(3);
  Bytes levels(10'000, '\0');
  for (char& level : levels) level = static_cast<char>(random());
  EXPECT_FALSE(FindRule(levels, kInt8, AsBytes(Normal(10'000, 4)), kFloat));
  EXPECT_FALSE(FindRule(Bytes(10'000, '\0'), kInt8, AsBytes(Normal(10'000, 5)), kFloat));
  EXPECT_FALSE(FindRule(levels, kInt8, AsBytes(std::vector<float>(10'000, NAN)), kFloat));
  EXPECT_FALSE(FindRule("", kInt8, "", kFloat));
}

TEST(Rules, ComeBackAndOthersAreRefused) {
  const Rule rule{Rule::Kind::kQuantise, kFloat16, kUint8, 0.25f, 128};
  Bytes written;
  AppendRule(rule, written);
  ByteView in = written;
  const auto read = TakeRule(in);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->scale, rule.scale);
  EXPECT_EQ(read->zero_point, rule.zero_point);
  EXPECT_TRUE(in.empty());
  for (const Rule& wrong : {Rule{Rule::Kind::kQuantise, kFloat, kFloat16, 1, 0},
                            Rule{Rule::Kind::kRound, kFloat, kInt8, 1, 0},
                            Rule{Rule::Kind::kRound, kFloat16, kBfloat16, 1, 0},
                            Rule{Rule::Kind::kQuantise, kFloat, kInt8, 0, 0},
                            Rule{Rule::Kind::kQuantise, kFloat, kInt8, NAN, 0},
                            Rule{Rule::Kind::kQuantise, kFloat, kInt8, 1, 100'000},
                            Rule{static_cast<Rule::Kind>(7), kFloat, kInt8, 1, 0}}) {
    Bytes bytes;
    AppendRule(wrong, bytes);
    ByteView view = bytes;
    EXPECT_FALSE(TakeRule(view).ok());
  }
}

}  // namespace
}  // namespace mreg::encoding
