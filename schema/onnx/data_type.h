// Names of ONNX's element types.
#pragma once

#include <string>

#include "schema/onnx/wire_scanner.h"

namespace mreg::onnx {

// As TensorProto.DataType has it: "FLOAT16". The number, for one that is not known.
std::string DataTypeName(DataType type);

}  // namespace mreg::onnx
