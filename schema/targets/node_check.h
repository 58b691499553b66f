// Whether a profile has a kernel for one node.
#pragma once

#include <cstdint>
#include <string>

#include "schema/onnx/model.h"
#include "schema/onnx/operator_table.h"
#include "schema/targets/compatibility.h"
#include "schema/targets/profile.h"
#include "schema/targets/type_inference.h"

namespace mreg::targets {

struct NodeInPlace {
  const onnx::Node& node;
  const onnx::Node* call;  // of the function that it is in; null: in none
  const std::string& domain;
  int64_t opset;
  const onnx::OperatorSchema* schema;  // null: none is known
  const BoundTypes& bound;             // for the schema's constraints
};

struct NodeVerdict {
  Support support = Support::kSupported;
  Finding::Kind kind = Finding::Kind::kOperator;
  std::string message;
  std::string advice;
};

NodeVerdict CheckKernels(const NodeInPlace& place, const Profile& profile);

}  // namespace mreg::targets
