#include "schema/onnx/data_type.h"

#include <array>
#include <string_view>

namespace mreg::onnx {
namespace {

struct TypeRow {
  std::string_view name;
  std::string_view schema_name;
  int bits;
};

constexpr auto kTypes = std::to_array<TypeRow>({
    {"UNDEFINED", "undefined", 0},
    {"FLOAT", "float", 32},
    {"UINT8", "uint8", 8},
    {"INT8", "int8", 8},
    {"UINT16", "uint16", 16},
    {"INT16", "int16", 16},
    {"INT32", "int32", 32},
    {"INT64", "int64", 64},
    {"STRING", "string", 0},
    {"BOOL", "bool", 8},
    {"FLOAT16", "float16", 16},
    {"DOUBLE", "double", 64},
    {"UINT32", "uint32", 32},
    {"UINT64", "uint64", 64},
    {"COMPLEX64", "complex64", 64},
    {"COMPLEX128", "complex128", 128},
    {"BFLOAT16", "bfloat16", 16},
    {"FLOAT8E4M3FN", "float8e4m3fn", 8},
    {"FLOAT8E4M3FNUZ", "float8e4m3fnuz", 8},
    {"FLOAT8E5M2", "float8e5m2", 8},
    {"FLOAT8E5M2FNUZ", "float8e5m2fnuz", 8},
    {"UINT4", "uint4", 4},
    {"INT4", "int4", 4},
    {"FLOAT4E2M1", "float4e2m1", 4},
    {"FLOAT8E8M0", "float8e8m0", 8},
    {"UINT2", "uint2", 2},
    {"INT2", "int2", 2},
});

const TypeRow* FindType(DataType type) {
  const auto at = static_cast<size_t>(type);
  return type >= 0 && at < kTypes.size() ? &kTypes[at] : nullptr;
}

}  // namespace

std::string DataTypeName(DataType type) {
  const TypeRow* const row = FindType(type);
  return row == nullptr ? std::to_string(type) : std::string(row->name);
}

std::string SchemaTypeName(DataType type) {
  const TypeRow* const row = FindType(type);
  return row == nullptr ? std::to_string(type) : std::string(row->schema_name);
}

int DataTypeBits(DataType type) {
  const TypeRow* const row = FindType(type);
  return row == nullptr ? 0 : row->bits;
}

}  // namespace mreg::onnx
