// Random weights and how they are stored.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "schema/base/bytes.h"
#include "tests/models/transformer_model.h"

namespace mreg::test_models {

// A fast generator of numbers that are close to normally distributed (the sum of four uniform
// ones), the same on every machine.
class NormalNumbers {
 public:
  explicit NormalNumbers(uint64_t seed) : state_(seed) {}
  float Next(float mean, float sigma);
  uint64_t NextBits();  // SplitMix64

 private:
  uint64_t state_;
};

// IEEE 754 binary16, rounded to nearest even; what is too large becomes infinity.
uint16_t ToHalf(float value);
float FromHalf(uint16_t half);

// Little-endian elements.
Bytes EncodeWeights(std::span<const float> weights, ParameterType type);
std::vector<float> DecodeWeights(ByteView raw, ParameterType type);

// `count` fp32 weights with a spread of .02.
Bytes NormalFloats(size_t count, uint64_t seed);
// Those weights after training: each moved by noise, whose spread is `noise` times theirs.
Bytes TrainedFloats(ByteView weights, float noise, uint64_t seed);

}  // namespace mreg::test_models
