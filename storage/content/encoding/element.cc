#include "storage/content/encoding/element.h"

namespace mreg::encoding {

// Numbers: TensorProto.DataType of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
std::optional<Element> ElementOf(onnx::DataType type) {
  switch (type) {
    case 1:   // FLOAT
    case 14:  // COMPLEX64
      return Element{4, 8, 23};
    case 10:  // FLOAT16
      return Element{2, 5, 10};
    case 16:  // BFLOAT16
      return Element{2, 8, 7};
    case 11:  // DOUBLE
    case 15:  // COMPLEX128
      return Element{8, 11, 52};
    case 4:  // UINT16
    case 5:  // INT16
      return Element{2, 0, 0};
    case 6:   // INT32
    case 12:  // UINT32
      return Element{4, 0, 0};
    case 7:   // INT64
    case 13:  // UINT64
      return Element{8, 0, 0};
    case 2:   // UINT8
    case 3:   // INT8
    case 9:   // BOOL
    case 17:  // FLOAT8E4M3FN
    case 18:  // FLOAT8E4M3FNUZ
    case 19:  // FLOAT8E5M2
    case 20:  // FLOAT8E5M2FNUZ
    case 21:  // UINT4
    case 22:  // INT4
    case 23:  // FLOAT4E2M1
    case 24:  // FLOAT8E8M0
    case 25:  // UINT2
    case 26:  // INT2
      return Element{1, 0, 0};
    default:
      return std::nullopt;
  }
}

uint64_t CountElements(onnx::DataType type, uint64_t bytes) {
  const auto element = ElementOf(type);
  if (!element) return 0;
  const bool is_half = type == 21 || type == 22 || type == 23;  // of a byte
  const bool is_quarter = type == 25 || type == 26;
  return is_half ? bytes * 2 : is_quarter ? bytes * 4 : bytes / element->width;
}

}  // namespace mreg::encoding
