#include "storage/content/encoding/floats.h"

#include <bit>
#include <cstdint>
#include <cstring>

namespace mreg::encoding {
namespace {

// TensorProto.DataType
constexpr onnx::DataType kFloat = 1, kFloat16 = 10, kBfloat16 = 16;

uint16_t Load16(ByteView bytes, size_t i) {
  uint16_t word;
  std::memcpy(&word, bytes.data() + 2 * i, 2);
  return word;
}

float FromHalf(uint16_t half) {
  const uint32_t sign = uint32_t{half & 0x8000u} << 16;
  const uint32_t magnitude = half & 0x7fffu;
  if (magnitude >= 0x7c00) return std::bit_cast<float>(sign | 0x7f800000 | (magnitude << 13));
  if (magnitude >= 0x0400) return std::bit_cast<float>(sign | ((magnitude << 13) + 0x38000000));
  const float subnormal = static_cast<float>(magnitude) * 0x1p-24f;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(subnormal) | sign);
}

// To nearest even. NaN keeps the upper bits of its payload, and stays one.
uint16_t ToHalf(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) {
    return static_cast<uint16_t>(sign | 0x7c00u | 0x200u | ((magnitude >> 13) & 0x3ffu));
  }
  if (magnitude >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);
  if (magnitude >= 0x38800000u) {
    const uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
    return static_cast<uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
  }
  // Adding .5 puts the last kept bit of a subnormal at the float's last bit.
  const float sum = std::bit_cast<float>(magnitude) + 0.5f;
  return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(sum) - 0x3f000000u));
}

uint16_t ToBfloat(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((bits >> 16) | 0x40u);
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

}  // namespace

bool IsFloat(onnx::DataType type) {
  return type == kFloat || type == kFloat16 || type == kBfloat16;
}

std::vector<float> ToFloats(ByteView base, onnx::DataType type) {
  std::vector<float> floats(base.size() / (type == kFloat ? 4 : 2));
  if (type == kFloat) {
    std::memcpy(floats.data(), base.data(), floats.size() * 4);
    return floats;
  }
  for (size_t i = 0; i < floats.size(); ++i) {
    const uint16_t word = Load16(base, i);
    floats[i] = type == kFloat16 ? FromHalf(word) : std::bit_cast<float>(uint32_t{word} << 16);
  }
  return floats;
}

Bytes FromFloats(std::span<const float> values, onnx::DataType type) {
  if (type == kFloat) {
    return Bytes(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  }
  Bytes elements(2 * values.size(), '\0');
  for (size_t i = 0; i < values.size(); ++i) {
    const uint16_t word = type == kFloat16 ? ToHalf(values[i]) : ToBfloat(values[i]);
    std::memcpy(elements.data() + 2 * i, &word, 2);
  }
  return elements;
}

}  // namespace mreg::encoding
