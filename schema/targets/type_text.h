// Types as operators' schemas write them: "tensor(float)", "seq(map(string,float))".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schema/onnx/model.h"

namespace mreg::targets {

// Nothing for what is no type, or nested deeper than ONNX's own are.
std::optional<onnx::ValueType> ParseType(std::string_view text);

// "float" is TensorProto.FLOAT; 0 for what is no element type.
onnx::DataType ParseElement(std::string_view text);

// Schemas and onnx::TypeName write maps differently; as onnx::TypeName does. What is no type stays
// as it is.
std::string CanonicalType(std::string_view text);

}  // namespace mreg::targets
