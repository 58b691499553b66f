#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstring>
#include <random>
#include <vector>

#include "storage/content/encoding/difference.h"
#include "storage/content/encoding/element.h"
#include "storage/content/encoding/frame.h"
#include "storage/content/encoding/planes.h"

namespace mreg::encoding {
namespace {

constexpr onnx::DataType kFloat = 1, kUint8 = 2, kInt32 = 6, kInt64 = 7, kFloat16 = 10,
                         kDouble = 11, kBfloat16 = 16;
constexpr onnx::DataType kTypes[] = {kFloat,   kUint8, 5 /* INT16 */, kInt32,
                                     kFloat16, kInt64, kDouble,       kBfloat16};

Bytes RandomBytes(size_t size, std::mt19937_64& random) {
  Bytes bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

// fp32 weights of a normal distribution, and the same after training went on for a while.
struct Weights {
  std::vector<float> before, after;
};
Weights MakeWeights(size_t count, double noise, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> weight(0, 0.02f);
  std::normal_distribution<float> step(0, static_cast<float>(0.02 * noise));
  Weights weights;
  for (size_t i = 0; i < count; ++i) {
    weights.before.push_back(weight(random));
    weights.after.push_back(weights.before.back() + step(random));
  }
  return weights;
}

Bytes AsFloats(const std::vector<float>& values) {
  return Bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

Bytes AsBfloats(const std::vector<float>& values) {
  Bytes bytes;
  for (const float value : values) {
    const auto rounded = static_cast<uint16_t>((std::bit_cast<uint32_t>(value) + 0x8000) >> 16);
    bytes.append(reinterpret_cast<const char*>(&rounded), 2);
  }
  return bytes;
}

Bytes Planes(const Bytes& plain, onnx::DataType type) {
  Bytes out;
  AppendPlanes(plain, *ElementOf(type), out);
  return out;
}

Bytes Difference(const Bytes& plain, const Bytes& base, onnx::DataType type) {
  Bytes out;
  AppendDifference(plain, base, *ElementOf(type), out);
  return out;
}

void ExpectPlanesComeBack(const Bytes& plain, onnx::DataType type) {
  const Bytes coded = Planes(plain, type);
  ByteView in = coded;
  Bytes back(plain.size(), '\0');
  ASSERT_TRUE(TakePlanes(in, *ElementOf(type), back).ok());
  EXPECT_EQ(back, plain);
  EXPECT_TRUE(in.empty());
}

void ExpectDifferenceComesBack(const Bytes& plain, const Bytes& base, onnx::DataType type) {
  const Bytes coded = Difference(plain, base, type);
  ByteView in = coded;
  Bytes back(plain.size(), '\0');
  ASSERT_TRUE(TakeDifference(in, base, *ElementOf(type), back).ok());
  EXPECT_EQ(back, plain);
  EXPECT_TRUE(in.empty());
}

double Share(const Bytes& coded, const Bytes& plain) {
  const double share = static_cast<double>(coded.size()) / static_cast<double>(plain.size());
  testing::Test::RecordProperty("share", fmt::format("{:.4f}", share));
  return share;
}

TEST(Frame, ComesBackInEveryForm) {
  std::mt19937_64 random(1);
  Bytes skewed(100'000, '\0'), repeated;
  for (char& byte : skewed) byte = static_cast<char>(std::countr_zero(random() | 1ull << 40));
  const Bytes noise = RandomBytes(20'000, random);
  for (int i = 0; i < 5; ++i) repeated += noise.substr(0, 2'000);
  for (const Bytes& symbols : {Bytes(), Bytes("a"), Bytes(70'000, 'x'), skewed, noise, repeated}) {
    Bytes coded;
    AppendFrame(symbols, coded);
    EXPECT_LE(coded.size(), symbols.size() + 5);
    coded += "behind";
    ByteView in = coded;
    Bytes back(symbols.size(), '\0');
    ASSERT_TRUE(TakeFrame(in, back).ok());
    EXPECT_EQ(back, symbols);
    EXPECT_EQ(in, "behind");
  }
}

TEST(Frame, IsNearTheEntropy) {
  const Weights weights = MakeWeights(1 << 18, 0, 2);
  Bytes exponents;
  for (const float weight : weights.before) {
    exponents.push_back(static_cast<char>(std::bit_cast<uint32_t>(weight) >> 23));
  }
  std::array<uint32_t, 256> counts{};
  CountSymbols(exponents, counts);
  Bytes coded;
  AppendFrame(exponents, coded);
  EXPECT_LT(static_cast<double>(coded.size()), 1.005 * EntropyBytes(counts));
}

TEST(Planes, ComeBackForEveryTypeAndLength) {
  std::mt19937_64 random(3);
  for (const onnx::DataType type : kTypes) {
    for (const size_t size : {0u, 1u, 7u, 8u, 1'001u, 40'003u}) {
      ExpectPlanesComeBack(RandomBytes(size, random), type);
      ExpectPlanesComeBack(Bytes(size, 'x'), type);
    }
    ExpectPlanesComeBack(AsFloats(MakeWeights(10'000, 0, 4).before), type);
  }
}

TEST(Planes, LeaveOfFloatsWhatIsNoise) {
  const Weights weights = MakeWeights(1 << 18, 0, 5);
  const Bytes floats = AsFloats(weights.before), bfloats = AsBfloats(weights.before);
  EXPECT_LT(Share(Planes(floats, kFloat), floats), 0.835);
  EXPECT_LT(Share(Planes(bfloats, kBfloat16), bfloats), 0.675);
}

TEST(Difference, ComesBackForEveryTypeAndLength) {
  std::mt19937_64 random(6);
  for (const onnx::DataType type : kTypes) {
    for (const size_t size : {0u, 1u, 7u, 8u, 1'001u, 40'003u}) {
      const Bytes plain = RandomBytes(size, random);
      for (const size_t other : {size_t{0}, size / 2, size, size + 9}) {
        ExpectDifferenceComesBack(plain, RandomBytes(other, random), type);
        ExpectDifferenceComesBack(plain, (plain + "123456789").substr(0, other), type);
      }
    }
  }
}

TEST(Difference, ComesBackForExtremeValues) {
  std::vector<uint64_t> words;
  for (int shift = 0; shift < 64; ++shift) {
    for (const uint64_t near : {0ull, 1ull, ~0ull}) words.push_back((1ull << shift) + near);
  }
  Bytes plain, base;
  for (const uint64_t a : words) {
    for (const uint64_t b : words) {
      plain.append(reinterpret_cast<const char*>(&a), 8);
      base.append(reinterpret_cast<const char*>(&b), 8);
    }
  }
  for (const onnx::DataType type : kTypes) ExpectDifferenceComesBack(plain, base, type);
}

// What is left is what nobody can know: the difference has an entropy of .619 here.
TEST(Difference, OfAFineTuneIsNearItsEntropy) {
  const Weights one = MakeWeights(1 << 18, 1e-2, 7), tenth = MakeWeights(1 << 18, 1e-3, 8);
  const Bytes after = AsFloats(one.after);
  EXPECT_LT(Share(Difference(after, AsFloats(one.before), kFloat), after), 0.623);
  const Bytes half = AsBfloats(tenth.after);
  EXPECT_LT(Share(Difference(half, AsBfloats(tenth.before), kBfloat16), half), 0.10);
}

TEST(Difference, OfNothingIsNothing) {
  const Bytes plain = AsFloats(MakeWeights(1 << 18, 0, 9).before);
  EXPECT_LT(Difference(plain, plain, kFloat).size(), 100u);
}

TEST(Difference, DamageIsFoundOrGivesOtherBytesOfTheSameNumber) {
  const Weights weights = MakeWeights(5'000, 1e-2, 10);
  const Bytes plain = AsFloats(weights.after), base = AsFloats(weights.before);
  const Bytes coded = Difference(plain, base, kFloat);
  std::mt19937_64 random(11);
  for (int round = 0; round < 2'000; ++round) {
    Bytes damaged = coded;
    damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
    if (round % 4 == 0) damaged.resize(random() % damaged.size());
    ByteView in = damaged;
    Bytes back(plain.size(), '\0');
    if (!TakeDifference(in, base, *ElementOf(kFloat), back).ok()) continue;
    EXPECT_EQ(back.size(), plain.size());
  }
}

}  // namespace
}  // namespace mreg::encoding
