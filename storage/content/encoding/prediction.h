// Elements that can be computed from those of another type, as converters compute them: rounded to
// a shorter float, or quantised. What they differ in is stored. docs/formats/encodings.md.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "schema/base/bytes.h"
#include "schema/onnx/wire_scanner.h"

namespace mreg::encoding {

// How elements of one type follow from floats of another.
struct Rule {
  enum class Kind : uint8_t {
    kRound = 1,     // to the nearest, of two as near to the even one (IEEE 754)
    kQuantise = 2,  // clamp(round(value / scale) + zero_point), as ONNX's QuantizeLinear
  };
  Kind kind = Kind::kRound;
  onnx::DataType from = 0;  // FLOAT, FLOAT16 or BFLOAT16
  onnx::DataType to = 0;    // kRound: FLOAT16 or BFLOAT16; kQuantise: INT8 or UINT8
  float scale = 1;          // positive
  int32_t zero_point = 0;
};

// Whether elements of type `to` may have been computed from elements of `from`.
bool CanFollow(onnx::DataType from, onnx::DataType to);

// The rule by which `plain` follows from `base` nearly or wholly; scale and zero point are found
// from the values, whatever the model says of them. Nothing if none does.
std::optional<Rule> FindRule(ByteView plain, onnx::DataType to, ByteView base, onnx::DataType from);

// As many elements as `base` has, as the rule gives them. `rule` is one that TakeRule accepts.
Bytes Predict(ByteView base, const Rule& rule);

void AppendRule(const Rule& rule, Bytes& out);
// Takes a rule off the front of `in`. DataLoss if it makes no sense.
absl::StatusOr<Rule> TakeRule(ByteView& in);

}  // namespace mreg::encoding
