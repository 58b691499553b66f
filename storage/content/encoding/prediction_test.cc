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

constexpr onnx::DataType kFloat = 1, kUint8 = 2, kInt8 = 3, kFloat16 = 10, kBfloat16 = 16,
                         kUint4 = 21, kInt4 = 22;

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

Rule OneLine(onnx::DataType from, onnx::DataType to, size_t count, const Line& line) {
  return {Rule::Kind::kQuantise, from, to, static_cast<uint32_t>(count), 0, {}, {line}};
}

uint16_t Rounded(float value, onnx::DataType to) {
  const Bytes word = Predict(AsBytes<float>({value}), {Rule::Kind::kRound, kFloat, to, 1});
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
    const Rule rule = OneLine(kFloat16, kInt8, 1, {1.0f, 0});
    const float level = std::min(127.0f, std::max(-128.0f, std::nearbyint(expected)));
    ASSERT_EQ(static_cast<signed char>(Predict(AsBytes<uint16_t>({word}), rule)[0]), level) << half;
  }
}

#endif  // __FLT16_MAX__

size_t Differing(const Bytes& a, const Bytes& b) {
  size_t differing = a.size() == b.size() ? 0 : a.size() + b.size();
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) differing += a[i] != b[i];
  return differing;
}

TEST(Quantisation, IsFoundFromTheValues) {
  const std::vector<float> values = Normal(200'000, 2);
  for (const Rule& rule : {OneLine(kFloat, kInt8, values.size(), {0.00173f, 0}),
                           OneLine(kFloat, kUint8, values.size(), {0.00191f, 131}),
                           OneLine(kFloat, kUint4, values.size(), {0.0231f, 7}),
                           OneLine(kFloat, kInt4, values.size(), {0.0317f, 0}),
                           OneLine(kFloat, kUint8, values.size(), {0.0009f, 128})}) {
    const Bytes base = AsBytes(values), levels = Predict(base, rule);
    const auto found = FindRule(levels, rule.to, base, kFloat, {});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->lines[0].zero_point, rule.lines[0].zero_point);
    EXPECT_LE(Differing(levels, Predict(base, *found)), 5u);
  }
}

TEST(Quantisation, IsNotFoundInOtherNumbers) {
  std::mt19937 random(3);
  Bytes levels(10'000, '\0');
  for (char& level : levels) level = static_cast<char>(random());
  const Bytes nothing(10'000, '\0');
  EXPECT_FALSE(FindRule(levels, kInt8, AsBytes(Normal(10'000, 4)), kFloat, {}));
  EXPECT_FALSE(FindRule(nothing, kInt8, AsBytes(Normal(10'000, 5)), kFloat, {}));
  EXPECT_FALSE(FindRule(levels, kInt8, AsBytes(std::vector<float>(10'000, NAN)), kFloat, {}));
  EXPECT_FALSE(FindRule("", kInt8, "", kFloat, {}));
}

// A tensor of 300 by 256, each of whose groups is wider than the last.
struct Grouped {
  std::vector<int64_t> dims{300, 256};
  Grouping grouping;
  onnx::DataType type;
  bool symmetric;
  std::vector<float> values{};
  std::vector<Line> lines{};

  void Fill() {
    values = Normal(300 * 256, 7);
    const size_t groups = GroupCount(grouping, values.size());
    std::vector<Line> spread(groups);
    for (size_t i = 0; i < groups; ++i) spread[i].scale = 1 + static_cast<float>(i % 29) / 5;
    std::vector<int16_t> ones(values.size(), 1);
    std::vector<float> factors(values.size());
    Dequantise(ones, grouping, spread, factors);
    for (size_t i = 0; i < values.size(); ++i) values[i] *= factors[i];
    const bool is_short = type == kUint4 || type == kInt4;
    const int middle = type == kUint8 ? 128 : type == kUint4 ? 8 : 0;
    for (size_t i = 0; i < groups; ++i) {
      const float width = 0.05f * spread[i].scale * (is_short ? .4f : .028f);
      lines.push_back({width * 1.0173f, symmetric ? middle : middle + static_cast<int>(i % 3) - 1});
    }
  }
};

class GroupedQuantisation : public testing::TestWithParam<Grouped> {};

TEST_P(GroupedQuantisation, IsFoundWithItsGroups) {
  Grouped tensor = GetParam();
  tensor.Fill();
  std::vector<int16_t> levels(tensor.values.size());
  Quantise(tensor.values, tensor.grouping, tensor.lines, tensor.type, levels);
  const Bytes plain = PackLevels(levels, tensor.type);
  const Bytes base = AsBytes(tensor.values);
  const auto found = FindRule(plain, tensor.type, base, kFloat, {tensor.dims, 0, 0});
  ASSERT_TRUE(found);
  EXPECT_LE(Differing(plain, Predict(base, *found)), plain.size() / 200);
  Bytes written;
  AppendRule(*found, written);
  ByteView in = written;
  const auto read = TakeRule(in, plain.size(), base.size());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(in.empty());
  EXPECT_EQ(Predict(base, *read), Predict(base, *found));
  // And back: the products are exact.
  std::vector<float> products(levels.size());
  Dequantise(levels, tensor.grouping, tensor.lines, products);
  const auto back = FindRule(AsBytes(products), kFloat, plain, tensor.type, {tensor.dims, 0, 0});
  ASSERT_TRUE(back);
  EXPECT_LE(Differing(AsBytes(products), Predict(plain, *back)), plain.size() / 200);
  // Both in one, whatever the zero points were.
  const auto grid = FindGrid(AsBytes(products), kFloat, base, kFloat, {tensor.dims, 0, 0});
  ASSERT_TRUE(grid);
  EXPECT_LE(Differing(AsBytes(products), Predict(base, *grid)), products.size() * 4 / 50);
}

INSTANTIATE_TEST_SUITE_P(Usual, GroupedQuantisation,
                         testing::Values(Grouped{{300, 256}, {256, 300, 0, 0}, kInt8, true},
                                         Grouped{{300, 256}, {256, 300, 0, 0}, kUint8, false},
                                         Grouped{{300, 256}, {1, 256, 0, 0}, kInt8, true},
                                         Grouped{{300, 256}, {1, 256, 0, 0}, kUint8, false},
                                         Grouped{{30, 256, 10}, {10, 256, 0, 0}, kInt8, true},
                                         Grouped{{300, 256}, {256, 300, 0, 0}, kInt4, true},
                                         Grouped{{300, 256}, {32, 2400, 0, 0}, kUint4, true},
                                         Grouped{{300, 256}, {64, 1200, 0, 0}, kInt4, false},
                                         Grouped{{300, 256}, {1, 256, 64 * 256, 0}, kInt4, true}));

TEST(Quantisation, OfAPieceInTheMiddleOfATensorFindsItsChannels) {
  Grouped tensor{{300, 256}, {256, 300, 0, 0}, kInt8, true};
  tensor.Fill();
  std::vector<int16_t> levels(tensor.values.size());
  Quantise(tensor.values, tensor.grouping, tensor.lines, kInt8, levels);
  constexpr size_t kFirst = 1000;
  const Bytes plain = PackLevels(std::span(levels).subspan(kFirst, 50'000), kInt8);
  const Bytes base = AsBytes(tensor.values).substr(4 * kFirst);
  const auto found = FindRule(plain, kInt8, base, kFloat, {tensor.dims, kFirst, 0});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->count, 50'000u);
  EXPECT_EQ(found->lines.size(), 197u);
  EXPECT_LE(Differing(plain, Predict(base, *found)), 200u);
}

TEST(Grid, OfAPieceIsFoundFromTheElementThatIsNamed) {
  const std::vector<float> values = Normal(5'000, 9);
  for (const onnx::DataType to : {kFloat, kFloat16}) {
    const Rule rule{Rule::Kind::kGrid, kFloat, to, 4'000, 1'000, {}, {{.00173f, 0}}};
    const Bytes base = AsBytes(values), plain = Predict(base, rule);
    const auto found = FindGrid(plain, to, base, kFloat, {{}, 0, 1'000});
    ASSERT_TRUE(found);
    // A short float tells its scale less exactly.
    EXPECT_LE(Differing(plain, Predict(base, *found)), plain.size() / (to == kFloat ? 100 : 10));
  }
}

TEST(Grid, IsNotFoundInOtherNumbers) {
  const Bytes base = AsBytes(Normal(10'000, 10));
  const std::vector<int64_t> dims = {100, 100};
  EXPECT_FALSE(FindGrid(AsBytes(Normal(10'000, 11)), kFloat, base, kFloat, {dims, 0, 0}));
  EXPECT_FALSE(FindGrid(base, kFloat, base, kFloat, {dims, 0, 0}));
  EXPECT_FALSE(FindGrid(base, kFloat, base, kInt8, {dims, 0, 0}));
  EXPECT_FALSE(FindGrid(AsBytes(std::vector<float>(10'000, NAN)), kFloat, base, kFloat, {}));
  EXPECT_FALSE(FindGrid("", kFloat, "", kFloat, {}));
}

TEST(Widening, IsExactFromTheElementThatIsNamed) {
  const std::vector<float> values = Normal(1'000, 8);
  const Bytes halves = Predict(AsBytes(values), {Rule::Kind::kRound, kFloat, kBfloat16, 1'000});
  Bytes wide;
  for (size_t i = 0; i < halves.size(); i += 2) wide += Bytes(2, '\0') + halves.substr(i, 2);
  const auto found = FindRule(wide.substr(400, 800), kFloat, halves, kBfloat16, {{}, 100, 100});
  ASSERT_TRUE(found);
  EXPECT_EQ(Predict(halves, *found), wide.substr(400, 800));
}

TEST(Rules, ComeBackAndOthersAreRefused) {
  const auto read = [](const Rule& rule) {
    Bytes written;
    AppendRule(rule, written);
    ByteView in = written;
    return TakeRule(in, 100, 100);
  };
  const auto back = read(OneLine(kFloat16, kUint8, 50, {0.25f, 128}));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->lines[0].scale, 0.25f);
  EXPECT_EQ(back->lines[0].zero_point, 128);
  EXPECT_EQ(back->count, 50u);
  const Rule columns{Rule::Kind::kQuantiseGroups, kFloat, kInt8, 25, 0, {1, 2, 0, 1},
                     {{0.5f, 3}, {-0.25f, -7}}};
  ASSERT_TRUE(read(columns).ok());
  EXPECT_EQ(read(columns)->lines[1].zero_point, -7);
  Rule wrong = columns;
  wrong.lines[1].scale = NAN;
  EXPECT_FALSE(read(wrong).ok());
  wrong = columns;
  wrong.grouping.width = 26;
  EXPECT_FALSE(read(wrong).ok());
  wrong = columns;
  wrong.grouping.run = 0;
  EXPECT_FALSE(read(wrong).ok());
  const Rule widened{Rule::Kind::kWiden, kFloat16, kFloat, 20, 30};
  EXPECT_EQ(read(widened)->count, 20u);
  wrong = widened;
  wrong.skip = 51;
  EXPECT_FALSE(read(wrong).ok());
  const Rule grid{Rule::Kind::kGrid, kFloat, kFloat16, 20, 5, {1, 2, 0, 1}, {{.5f, 0}, {.25f, 0}}};
  EXPECT_EQ(read(grid)->lines[1].scale, .25f);
  wrong = grid;
  wrong.lines[1].scale = 0;
  EXPECT_FALSE(read(wrong).ok());
  wrong = grid;
  wrong.to = kInt8;
  EXPECT_FALSE(read(wrong).ok());
  EXPECT_FALSE(read({Rule::Kind::kRound, kFloat, kInt8, 1, 0, {}, {{}}}).ok());
  EXPECT_FALSE(read({Rule::Kind::kRound, kFloat16, kBfloat16, 1, 0, {}, {{}}}).ok());
  EXPECT_FALSE(read({static_cast<Rule::Kind>(7), kFloat, kInt8, 1, 0, {}, {{}}}).ok());
  EXPECT_FALSE(read(OneLine(kFloat, kFloat16, 1, {1, 0})).ok());
  EXPECT_FALSE(read(OneLine(kFloat, kInt8, 1, {0, 0})).ok());
  EXPECT_FALSE(read(OneLine(kFloat, kInt8, 1, {NAN, 0})).ok());
  EXPECT_FALSE(read(OneLine(kFloat, kInt8, 1, {-1, 0})).ok());
  EXPECT_FALSE(read(OneLine(kFloat, kInt8, 1, {1, 100'000})).ok());
}

}  // namespace
}  // namespace mreg::encoding
