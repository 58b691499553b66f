#include "tests/models/weights.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace mreg::test_models {
namespace {

constexpr float kSpread = 0.02f;

static_assert(std::endian::native == std::endian::little);

constexpr int kHalfBias = 15, kFloatBias = 127;
constexpr int kDroppedBits = 23 - 10;

}  // namespace

uint64_t NormalNumbers::NextBits() {
  state_ += 0x9e3779b97f4a7c15;
  uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

float NormalNumbers::Next(float mean, float sigma) {
  // Four uniform numbers of 2^32 steps each have a sum of mean 2^33 and variance 4 * 2^64 / 12.
  constexpr double kMean = 0x1p33, kSigma = 0x1p32 * 0.57735026918962576;
  const uint64_t a = NextBits(), b = NextBits();
  const uint64_t sum = (a >> 32) + (a & 0xffffffff) + (b >> 32) + (b & 0xffffffff);
  return static_cast<float>(mean + sigma * ((static_cast<double>(sum) - kMean) / kSigma));
}

uint16_t ToHalf(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const uint32_t magnitude = bits & 0x7fffffff;
  constexpr uint32_t kSmallest = (kFloatBias - kHalfBias + 1) << 23;
  if (magnitude < kSmallest) {
    return sign | static_cast<uint16_t>(std::lrint(std::abs(value) * 0x1p24f));
  }
  const uint32_t rebased = magnitude - ((kFloatBias - kHalfBias) << 23);
  const uint32_t is_odd = rebased >> kDroppedBits & 1;
  const uint32_t half = (rebased + (1u << (kDroppedBits - 1)) - 1 + is_odd) >> kDroppedBits;
  return sign | static_cast<uint16_t>(half < 0x7c00 ? half : 0x7c00);
}

float FromHalf(uint16_t half) {
  const uint32_t sign = (half & 0x8000u) << 16;
  const uint32_t magnitude = half & 0x7fff;
  if (magnitude < 0x400) {
    const float value = static_cast<float>(magnitude) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(value));
  }
  const uint32_t rebased = magnitude + ((kFloatBias - kHalfBias) << 10);
  return std::bit_cast<float>(sign | rebased << kDroppedBits);
}

Bytes EncodeWeights(std::span<const float> weights, ParameterType type) {
  if (type == ParameterType::kFloat32) {
    return Bytes(reinterpret_cast<const char*>(weights.data()), weights.size_bytes());
  }
  Bytes raw(weights.size() * 2, '\0');
  for (size_t i = 0; i < weights.size(); ++i) {
    const uint16_t half = ToHalf(weights[i]);
    std::memcpy(raw.data() + 2 * i, &half, 2);
  }
  return raw;
}

std::vector<float> DecodeWeights(ByteView raw, ParameterType type) {
  if (type == ParameterType::kFloat32) {
    std::vector<float> weights(raw.size() / 4);
    std::memcpy(weights.data(), raw.data(), weights.size() * 4);
    return weights;
  }
  std::vector<float> weights(raw.size() / 2);
  for (size_t i = 0; i < weights.size(); ++i) {
    uint16_t half;
    std::memcpy(&half, raw.data() + 2 * i, 2);
    weights[i] = FromHalf(half);
  }
  return weights;
}

Bytes NormalFloats(size_t count, uint64_t seed) {
  NormalNumbers random(seed);
  std::vector<float> weights(count);
  for (float& weight : weights) weight = random.Next(0, kSpread);
  return EncodeWeights(weights, ParameterType::kFloat32);
}

Bytes TrainedFloats(ByteView before, float noise, uint64_t seed) {
  NormalNumbers random(seed);
  std::vector<float> weights = DecodeWeights(before, ParameterType::kFloat32);
  for (float& weight : weights) weight += random.Next(0, kSpread * noise);
  return EncodeWeights(weights, ParameterType::kFloat32);
}

}  // namespace mreg::test_models
