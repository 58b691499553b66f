// Every operator whose schema is known: ONNX's own and those that ONNX Runtime adds.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "schema/onnx/operator_table.h"

namespace mreg::targets {

// The version that a model means which imports `opset` of the domain; null for none.
const onnx::OperatorSchema* FindOperator(std::string_view domain, std::string_view name,
                                         int64_t opset);

// By domain, name and version.
std::vector<const onnx::OperatorSchema*> AllOperators();

}  // namespace mreg::targets
