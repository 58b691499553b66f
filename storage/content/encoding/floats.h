// Floats of other widths as fp32 and back. docs/formats/encodings.md.
#pragma once

#include <span>
#include <vector>

#include "schema/base/bytes.h"
#include "schema/onnx/wire_scanner.h"

namespace mreg::encoding {

// FLOAT, FLOAT16 or BFLOAT16.
bool IsFloat(onnx::DataType type);

// Exact. `type` is one of those.
std::vector<float> ToFloats(ByteView elements, onnx::DataType type);
// Rounded to nearest, of two as near to the even one (IEEE 754).
Bytes FromFloats(std::span<const float> values, onnx::DataType type);

}  // namespace mreg::encoding
