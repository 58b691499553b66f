// Levels and the values that they stand for, with one scale and zero point for each group of
// elements: a tensor, a channel, a block. docs/formats/encodings.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "schema/base/bytes.h"
#include "schema/onnx/wire_scanner.h"

namespace mreg::encoding {

// INT8, UINT8, INT4 or UINT4; the latter two to a byte, the first in its low half, as ONNX has it.
bool IsQuantised(onnx::DataType type);

// Those of `packed`, as many as its bytes hold.
std::vector<int16_t> UnpackLevels(ByteView packed, onnx::DataType type);
Bytes PackLevels(std::span<const int16_t> levels, onnx::DataType type);

// Which elements share scale and zero point. With at = first + i, that of element i is number
// at / block * width + at / run % width. A block of 0 is one without an end.
struct Grouping {
  uint32_t run = 1;    // elements that lie together
  uint32_t width = 1;  // groups until the first comes again
  uint32_t block = 0;  // elements until other groups follow
  uint32_t first = 0;  // of the chunk's elements in that pattern
};

// How many groups that makes of `elements`; 0 if it makes no sense or more groups than elements.
uint64_t GroupCount(const Grouping& grouping, size_t elements);

// What exporters use for a tensor of these dimensions, of which `elements` from number `first` on
// are asked about: the tensor, its first, second and last axis, and blocks of 16 to 256 along the
// last axis or the first of two. In no order; all make sense.
std::vector<Grouping> UsualGroupings(std::span<const int64_t> dims, uint64_t first,
                                     size_t elements);

// level = clamp(round half to even(value / scale) + zero_point), as ONNX's QuantizeLinear.
struct Line {
  float scale = 1;  // finite, not 0; negative where a block's largest value became the lowest level
  int32_t zero_point = 0;
};

// The spans are as long as each other; `lines` has one for each group.
void Quantise(std::span<const float> values, const Grouping& grouping, std::span<const Line> lines,
              onnx::DataType to, std::span<int16_t> levels);
// value = (level - zero_point) * scale, in fp32.
void Dequantise(std::span<const int16_t> levels, const Grouping& grouping,
                std::span<const Line> lines, std::span<float> values);

// Each value becomes the nearest multiple of its group's scale, of two as near the even one; none
// is more than 1,024 of it away from zero.
void ToGrid(std::span<const float> values, const Grouping& grouping, std::span<const Line> lines,
            std::span<float> near);

// Lines for all groups by which `levels` of type `to` follow from `values`, as nearly as can be.
std::vector<Line> FitLines(std::span<const int16_t> levels, onnx::DataType to,
                           std::span<const float> values, const Grouping& grouping);
// Lines by which `values` follow from `levels` of type `from`. Zero points of both are numbers of
// the levels' type.
std::vector<Line> FitProducts(std::span<const int16_t> levels, onnx::DataType from,
                              std::span<const float> values, const Grouping& grouping);
// Whether the values of the first one's group are multiples of something. Few are looked at.
bool MayBeGrid(std::span<const float> values, const Grouping& grouping);
// Scales of which `values` are multiples, nearly, with zero points of 0.
std::vector<Line> FitGridLines(std::span<const float> values, const Grouping& grouping);

}  // namespace mreg::encoding
