#include "schema/onnx/tensor_values.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace mreg::onnx {
namespace {

static_assert(std::endian::native == std::endian::little);

// TensorProto.DataType.
enum Type : DataType {
  kFloat = 1,
  kUint8 = 2,
  kInt8 = 3,
  kUint16 = 4,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kBool = 9,
  kFloat16 = 10,
  kDouble = 11,
  kUint32 = 12,
  kUint64 = 13,
  kBfloat16 = 16,
  kUint4 = 21,
  kInt4 = 22,
};

// IEEE 754 binary16: shifted into a float's place, whose exponent is then 112 too small.
float HalfToFloat(uint16_t half) {
  const uint32_t sign = (half & 0x8000u) << 16;
  const uint32_t rest = (half & 0x7fffu) << 13;
  if ((half & 0x7c00u) == 0x7c00u) return std::bit_cast<float>(sign | 0x7f800000u | rest);
  return std::bit_cast<float>(sign |
                              std::bit_cast<uint32_t>(std::bit_cast<float>(rest) * 0x1p112f));
}

template <typename Stored, typename ToNumber>
void Decode(ByteView bytes, std::span<double> values, const ToNumber& to_number) {
  for (size_t i = 0; i < values.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
    values[i] = static_cast<double>(to_number(stored));
  }
}

template <typename Stored>
void DecodePlain(ByteView bytes, std::span<double> values) {
  Decode<Stored>(bytes, values, [](Stored stored) { return stored; });
}

// `sign` is what the highest of the four bits takes off.
void DecodeNibbles(ByteView bytes, std::span<double> values, int sign) {
  for (size_t i = 0; i < values.size(); ++i) {
    const int nibble = static_cast<unsigned char>(bytes[i / 2]) >> (i % 2 * 4) & 15;
    values[i] = nibble < 8 ? nibble : nibble - sign;
  }
}

}  // namespace

size_t ValueBits(DataType type) {
  switch (type) {
    case kUint4:
    case kInt4:
      return 4;
    case kUint8:
    case kInt8:
    case kBool:
      return 8;
    case kUint16:
    case kInt16:
    case kFloat16:
    case kBfloat16:
      return 16;
    case kFloat:
    case kInt32:
    case kUint32:
      return 32;
    case kInt64:
    case kUint64:
    case kDouble:
      return 64;
    default:
      return 0;
  }
}

void DecodeValues(DataType type, ByteView bytes, std::span<double> values) {
  switch (type) {
    case kUint4:
      return DecodeNibbles(bytes, values, 0);
    case kInt4:
      return DecodeNibbles(bytes, values, 16);
    case kFloat:
      return DecodePlain<float>(bytes, values);
    case kUint8:
    case kBool:
      return DecodePlain<uint8_t>(bytes, values);
    case kInt8:
      return DecodePlain<int8_t>(bytes, values);
    case kUint16:
      return DecodePlain<uint16_t>(bytes, values);
    case kInt16:
      return DecodePlain<int16_t>(bytes, values);
    case kInt32:
      return DecodePlain<int32_t>(bytes, values);
    case kInt64:
      return DecodePlain<int64_t>(bytes, values);
    case kUint32:
      return DecodePlain<uint32_t>(bytes, values);
    case kUint64:
      return DecodePlain<uint64_t>(bytes, values);
    case kDouble:
      return DecodePlain<double>(bytes, values);
    case kFloat16:
      return Decode<uint16_t>(bytes, values, HalfToFloat);
    case kBfloat16:
      return Decode<uint16_t>(bytes, values, [](uint16_t stored) {
        return std::bit_cast<float>(static_cast<uint32_t>(stored) << 16);
      });
    default:
      return;
  }
}

}  // namespace mreg::onnx
