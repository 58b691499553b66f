#include "schema/onnx/data_type.h"

#include <array>
#include <string_view>

namespace mreg::onnx {

std::string DataTypeName(DataType type) {
  static constexpr std::array<std::string_view, 24> kNames = {
      "UNDEFINED",      "FLOAT",      "UINT8",          "INT8",       "UINT16",   "INT16",
      "INT32",          "INT64",      "STRING",         "BOOL",       "FLOAT16",  "DOUBLE",
      "UINT32",         "UINT64",     "COMPLEX64",      "COMPLEX128", "BFLOAT16", "FLOAT8E4M3FN",
      "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "UINT4",      "INT4",     "FLOAT4E2M1"};
  if (type < 0 || static_cast<size_t>(type) >= kNames.size()) return std::to_string(type);
  return std::string(kNames[static_cast<size_t>(type)]);
}

}  // namespace mreg::onnx
