// A few bits by which tensors that are alike are found, whatever they are called and of whatever
// type their elements are: docs/formats/sketch.md.
#pragma once

#include <cstdint>
#include <optional>

#include "schema/base/bytes.h"
#include "schema/onnx/wire_scanner.h"

namespace mreg::encoding {

// The more two tensors' values vary together, the fewer bits of their sketches differ. Neither a
// scale nor a zero point changes a sketch.
struct Sketch {
  uint64_t bits = 0;
  uint64_t doubtful = 0;  // those of the bits that a small change of the values may turn
};

// Only so many elements at a tensor's beginning count, so one that has grown keeps its sketch.
inline constexpr size_t kSketchElements = 4'096;
// As many bytes hold them, of whatever type.
inline constexpr size_t kSketchBytes = kSketchElements * 8;

// Of the tensor that begins with `head`, its first kSketchBytes or all of it. Nothing where the
// values tell nothing: for types that are no numbers, fewer than 1,024 elements, and such as are
// (nearly) all the same.
std::optional<Sketch> SketchOf(ByteView head, onnx::DataType type);

// In how many of 64 bits they differ: some 32 for unrelated tensors.
int Distance(uint64_t a, uint64_t b);

}  // namespace mreg::encoding
