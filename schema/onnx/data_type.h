// Names and sizes of ONNX's element types.
#pragma once

#include <cstdint>
#include <string>

#include "schema/onnx/wire_scanner.h"

namespace mreg::onnx {

// As TensorProto.DataType has it: "FLOAT16". The number, for one that is not known.
std::string DataTypeName(DataType type);

// As operators' schemas have it: "float16". The number, for one that is not known.
std::string SchemaTypeName(DataType type);

// Bits of one element; 0 for strings and for types that are not known.
int DataTypeBits(DataType type);

}  // namespace mreg::onnx
