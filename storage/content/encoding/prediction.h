// Elements that can be computed from others, mostly of another type, as converters compute them:
// rounded or widened, quantised or multiplied out again. What they differ in is stored.
// docs/formats/encodings.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "schema/base/bytes.h"
#include "schema/onnx/wire_scanner.h"
#include "storage/content/encoding/quantisation.h"

namespace mreg::encoding {

// How elements of one type follow from those of another.
struct Rule {
  enum class Kind : uint8_t {
    kRound = 1,             // FLOAT to FLOAT16 or BFLOAT16
    kQuantise = 2,          // floats to levels, by one line with a positive scale
    kQuantiseGroups = 3,    // the same, with a line for each group
    kDequantiseGroups = 4,  // levels to floats, rounded to their type
    kWiden = 5,             // FLOAT16 or BFLOAT16 to FLOAT
    kGrid = 6,              // floats to floats: quantised by groups and multiplied out in one
  };
  Kind kind = Kind::kRound;
  onnx::DataType from = 0;
  onnx::DataType to = 0;
  uint32_t count = 0;  // elements that it gives
  uint32_t skip = 0;   // elements of the bases before the first that it reads
  Grouping grouping = {};
  std::vector<Line> lines = {};  // one for each group
};

// Whether elements of type `to` may have been computed from elements of `from`, another type.
bool CanFollow(onnx::DataType from, onnx::DataType to);

// Where a chunk's elements lie.
struct Place {
  std::span<const int64_t> dims;  // of the tensor; empty: unknown
  uint64_t first = 0;             // the chunk's first element
  uint32_t skip = 0;              // the base's element that it belongs to
};

// The rule by which `plain` follows from `base` nearly or wholly; scales and zero points are found
// from the values, whatever the model says of them. Nothing if none does.
std::optional<Rule> FindRule(ByteView plain, onnx::DataType to, ByteView base, onnx::DataType from,
                             const Place& place);

// The rule of kind kGrid, where the floats of `plain` are what became of those of `base` when they
// were quantised and multiplied out again. Nothing if they are not. Other floats cost little.
std::optional<Rule> FindGrid(ByteView plain, onnx::DataType to, ByteView base, onnx::DataType from,
                             const Place& place);

// The elements as the rule gives them. `rule` is one that was found or that TakeRule gave for as
// many bytes of base.
Bytes Predict(ByteView base, const Rule& rule);

void AppendRule(const Rule& rule, Bytes& out);
// Takes its kind, types and skip off the front of `in`, which is all that a rule says of its bases.
// DataLoss if they make no sense.
absl::StatusOr<Rule> TakeRuleHead(ByteView& in);
// Takes the rule for a chunk of `plain_bytes` and its bases' `base_bytes` off the front of `in`.
// DataLoss if it makes no sense. Memory: in proportion to the elements that both have.
absl::StatusOr<Rule> TakeRule(ByteView& in, size_t plain_bytes, size_t base_bytes);

}  // namespace mreg::encoding
