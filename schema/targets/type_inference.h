// The types of a graph's values, as far as schemas and declarations tell them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "schema/onnx/model.h"
#include "schema/onnx/operator_table.h"

namespace mreg::targets {

// Values' types by name, as onnx::TypeName writes them; "" for one that is not known. A graph
// within a graph sees the outer one's.
class TypeScope {
 public:
  // `outer` outlives the scope; null for none.
  explicit TypeScope(const TypeScope* outer) : outer_(outer) {}

  // What is known already stays.
  void Set(const std::string& name, const std::string& type);
  const std::string& Find(const std::string& name) const;

  // What a graph says itself: inputs, outputs, initializers, other values.
  void Declare(const onnx::Graph& graph);

 private:
  const TypeScope* const outer_;
  std::unordered_map<std::string, std::string> types_;
};

// The attribute of a node; where the node is in a function and refers to an attribute of `call`,
// that one. `call` is the node that calls the function; null outside of functions.
const onnx::Attribute* FindAttribute(const onnx::Node& node, std::string_view name,
                                     const onnx::Node* call);

// For each of schema.constraints the type that the node's inputs and outputs have: "" where that is
// not known, nothing where the node has no such input or output.
using BoundTypes = std::vector<std::optional<std::string>>;
BoundTypes BindTypes(const onnx::OperatorSchema& schema, const onnx::Node& node,
                     const TypeScope& scope);

// Sets the types of the node's outputs that follow from `bound`, from its attributes and its
// inputs.
void InferOutputs(const onnx::OperatorSchema& schema, const onnx::Node& node,
                  const onnx::Node* call, const BoundTypes& bound, TypeScope& scope);

}  // namespace mreg::targets
