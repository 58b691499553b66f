// Synthetic ONNX models that look like the real thing: an encoder of transformer layers with
// random weights, valid for the ONNX checker and runnable. The same on every machine for a spec.
#pragma once

#include <cstdint>

#include "schema/base/bytes.h"

namespace mreg::test_models {

enum class ParameterType { kFloat32, kFloat16 };

// Each layer has 16 tensors; its weights take 12 * hidden * hidden elements.
struct ModelSpec {
  uint64_t seed = 1;
  ParameterType type = ParameterType::kFloat16;
  int layers = 2;
  int hidden = 64;  // a multiple of heads
  int heads = 4;
  int vocabulary = 500;  // rows of the embedding
  int positions = 128;
};

// About 320 KB as fp16.
inline constexpr ModelSpec kSmallModel{};
// 100 tensors, 88 MB as fp16 and 176 MB as fp32.
inline constexpr ModelSpec kRealisticModel{
    .layers = 6, .hidden = 768, .heads = 12, .vocabulary = 1'400, .positions = 512};
// As large, but deep and narrow, so that names and small tensors are more of it: 196 tensors.
inline constexpr ModelSpec kDeepModel{
    .layers = 12, .hidden = 512, .heads = 8, .vocabulary = 11'500, .positions = 512};

// A serialised ModelProto: IR 8, opset 17, input `ids` int64 [batch, sequence], output `hidden`.
// Weights are raw_data, normally distributed as after usual initialisation.
Bytes MakeTransformerModel(const ModelSpec& spec);

}  // namespace mreg::test_models
