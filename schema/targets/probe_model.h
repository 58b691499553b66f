// Models of one node, to ask a runtime whether it has an operator.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "schema/base/bytes.h"
#include "schema/onnx/operator_table.h"

namespace mreg::targets {

struct ProbeNode {
  // Which optional inputs and outputs it has.
  enum class Optional { kNeeded, kNone, kAll };  // kNeeded: those that alone have some type

  const onnx::OperatorSchema* schema = nullptr;
  std::vector<std::string_view> types;  // for schema->constraints, in their order
  Optional optional = Optional::kNeeded;
  std::string_view attribute = {};  // one that is to be there, an INT or a STRING; "" for none
  std::string_view value = {};      // its value
};

// A serialised ModelProto of that node: inputs of unknown shape, required attributes of some
// sensible value, graphs that hand their inputs on. `ir` is the model's version, `opset` what it
// imports of ai.onnx where the operator is of another domain.
Bytes MakeProbeModel(const ProbeNode& node, int64_t ir, int64_t opset);

}  // namespace mreg::targets
