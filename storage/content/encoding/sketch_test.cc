#include "storage/content/encoding/sketch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "storage/content/encoding/prediction.h"
#include "tests/models/weights.h"

namespace mreg::encoding {
namespace {

using test_models::NormalFloats;
using test_models::TrainedFloats;

constexpr onnx::DataType kFloat = 1, kUint8 = 2, kInt8 = 3, kInt64 = 7, kFloat16 = 10, kDouble = 11,
                         kBfloat16 = 16, kInt4 = 22;
constexpr unsigned kTrials = 200;

std::vector<float> Floats(const Bytes& bytes) {
  std::vector<float> values(bytes.size() / 4);
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

template <typename T>
Bytes AsBytes(const std::vector<T>& values) {
  return Bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

int DistanceOf(const Bytes& a, onnx::DataType a_type, const Bytes& b, onnx::DataType b_type) {
  return Distance(SketchOf(a, a_type)->bits, SketchOf(b, b_type)->bits);
}

// The greatest distance between a tensor and what `make` makes of it.
template <typename Make>
int FarthestOf(onnx::DataType type, Make make, size_t elements = kSketchElements) {
  int farthest = 0;
  for (unsigned seed = 0; seed < kTrials; ++seed) {
    const Bytes base = NormalFloats(elements, seed);
    farthest = std::max(farthest, DistanceOf(base, kFloat, make(base, seed), type));
  }
  return farthest;
}

TEST(Sketch, IsTheSameForEver) {
  EXPECT_EQ(SketchOf(NormalFloats(kSketchElements, 1), kFloat)->bits, 0xa2335413bc8f4588u);
}

TEST(Sketch, OfAFineTuneIsNear) {
  const auto noise = [](float sigma) {
    return [sigma](const Bytes& base, unsigned seed) {
      return TrainedFloats(base, sigma, seed + 1'000);
    };
  };
  EXPECT_LE(FarthestOf(kFloat, noise(0.01f)), 3);
  EXPECT_LE(FarthestOf(kFloat, noise(0.1f)), 9);
  EXPECT_LE(FarthestOf(kFloat, noise(0.1f), 1'024), 9);
}

TEST(Sketch, OfAnUnrelatedTensorIsFar) {
  int nearest = 64;
  for (unsigned seed = 0; seed < kTrials; ++seed) {
    nearest = std::min(nearest, DistanceOf(NormalFloats(kSketchElements, seed), kFloat,
                                           NormalFloats(kSketchElements, seed + 5'000), kFloat));
  }
  EXPECT_GE(nearest, 16);
}

TEST(Sketch, OfACastIsNear) {
  for (const onnx::DataType to : {kFloat16, kBfloat16}) {
    const auto cast = [to](const Bytes& base, unsigned) {
      return Predict(base, {Rule::Kind::kRound, kFloat, to, kSketchElements});
    };
    EXPECT_LE(FarthestOf(to, cast), 2) << to;
  }
  const auto widen = [](const Bytes& base, unsigned) {
    const std::vector<float> values = Floats(base);
    return AsBytes(std::vector<double>(values.begin(), values.end()));
  };
  EXPECT_EQ(FarthestOf(kDouble, widen), 0);
}

TEST(Sketch, OfAQuantisedTensorIsNearWhateverItsScaleAndZeroPoint) {
  constexpr uint32_t kCount = kSketchElements;
  for (const Rule& rule :
       {Rule{Rule::Kind::kQuantise, kFloat, kInt8, kCount, 0, {}, {{0.0006f, 0}}},
        Rule{Rule::Kind::kQuantise, kFloat, kUint8, kCount, 0, {}, {{0.0005f, 127}}}}) {
    const auto quantise = [&](const Bytes& base, unsigned) { return Predict(base, rule); };
    EXPECT_LE(FarthestOf(rule.to, quantise), 4) << rule.to;
  }
}

TEST(Sketch, OfFourBitsInAByteIsNear) {
  const auto quantise = [](const Bytes& base, unsigned) {
    const std::vector<float> values = Floats(base);
    Bytes packed(values.size() / 2, '\0');
    for (size_t i = 0; i < values.size(); ++i) {
      const int level = std::clamp(static_cast<int>(std::lround(values[i] / 0.008f)), -8, 7);
      packed[i / 2] = static_cast<char>(packed[i / 2] | (level & 15) << (i % 2 * 4));
    }
    return packed;
  };
  EXPECT_LE(FarthestOf(kInt4, quantise), 10);
}

TEST(Sketch, OfATensorThatHasGrownIsTheSame) {
  const Bytes base = NormalFloats(kSketchElements, 3);
  EXPECT_EQ(DistanceOf(base, kFloat, base + NormalFloats(1'000, 4), kFloat), 0);
}

TEST(Sketch, DoubtfulBitsAreThoseThatTurn) {
  int turned = 0, doubted = 0;
  for (unsigned seed = 0; seed < kTrials; ++seed) {
    const Bytes base = NormalFloats(kSketchElements, seed);
    const Sketch before = *SketchOf(base, kFloat);
    const Sketch after = *SketchOf(TrainedFloats(base, 0.1f, seed + 1'000), kFloat);
    turned += Distance(before.bits, after.bits);
    doubted += Distance((before.bits ^ after.bits) & after.doubtful, 0);
  }
  EXPECT_GT(turned, 100);
  EXPECT_GT(doubted, turned * 9 / 10);
}

TEST(Sketch, ThereIsNoneWhereValuesTellNothing) {
  EXPECT_FALSE(SketchOf("", kFloat));
  EXPECT_FALSE(SketchOf(NormalFloats(1'023, 1), kFloat));
  EXPECT_FALSE(SketchOf(NormalFloats(2'048, 1), kInt64));
  EXPECT_FALSE(SketchOf(NormalFloats(2'048, 1), 0));
  EXPECT_FALSE(SketchOf(AsBytes(std::vector<float>(4'096, 1.0f)), kFloat));
  std::vector<float> one_row(4'096, 0.0f);
  one_row[17] = 1;
  EXPECT_FALSE(SketchOf(AsBytes(one_row), kFloat));
  const auto nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(SketchOf(AsBytes(std::vector<float>(4'096, nan)), kFloat));
}

TEST(Sketch, WhatIsNoNumberCountsForNothing) {
  std::vector<float> values = Floats(NormalFloats(4'096, 5));
  const uint64_t before = SketchOf(AsBytes(values), kFloat)->bits;
  values[100] = std::numeric_limits<float>::infinity();
  values[1'000] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_LE(Distance(SketchOf(AsBytes(values), kFloat)->bits, before), 2);
}

}  // namespace
}  // namespace mreg::encoding
