// Elements of tensors as numbers.
#pragma once

#include <cstddef>
#include <span>

#include "schema/base/bytes.h"
#include "schema/onnx/wire_scanner.h"

namespace mreg::onnx {

// Bits of an element of a type whose values DecodeValues reads: floats of 16 bits and more,
// integers of 4 to 64 and bool; 0 for all others.
size_t ValueBits(DataType type);

// `bytes` are values.size() elements, little-endian; of 4 bits two lie in a byte, the first in the
// low half. Integers beyond 2^53 are rounded.
void DecodeValues(DataType type, ByteView bytes, std::span<double> values);

}  // namespace mreg::onnx
