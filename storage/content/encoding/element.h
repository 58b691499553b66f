// How the elements of a tensor are laid out in bytes, as far as encodings profit from it.
#pragma once

#include <cstdint>
#include <optional>

#include "schema/onnx/wire_scanner.h"

namespace mreg::encoding {

struct Element {
  uint8_t width = 1;           // bytes: 1, 2, 4 or 8; little-endian
  uint8_t exponent_bits = 0;   // of IEEE 754 and its relatives; 0: an integer
  uint8_t exponent_shift = 0;  // where the exponent begins, in bits from the least significant

  bool is_float() const { return exponent_bits > 0; }
};

// Nothing for types that are unknown or have no fixed width. Types of less than a byte, packed,
// are bytes here; complex numbers are pairs of floats.
std::optional<Element> ElementOf(onnx::DataType type);

// How many elements of `type` fill so many bytes, those of less than a byte counted one by one;
// 0 for types that ElementOf does not know.
uint64_t CountElements(onnx::DataType type, uint64_t bytes);

}  // namespace mreg::encoding
