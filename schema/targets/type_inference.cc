#include "schema/targets/type_inference.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "schema/onnx/data_type.h"
#include "schema/targets/type_text.h"

namespace mreg::targets {
namespace {

using onnx::Attribute;
using onnx::Node;
using onnx::OperatorParameter;
using onnx::OperatorSchema;

std::string TensorOf(onnx::DataType element) {
  return fmt::format("tensor({})", onnx::SchemaTypeName(element));
}

// "tensor(float)" of "seq(tensor(float))"; "" for what is no such container.
std::string InnerOf(const std::string& type, std::string_view container) {
  if (!type.starts_with(container) || !type.ends_with(')')) return "";
  const size_t begin = container.size() + 1;
  return begin < type.size() ? type.substr(begin, type.size() - begin - 1) : "";
}

std::string Wrap(const std::string& type, std::string_view container) {
  return type.empty() ? "" : fmt::format("{}({})", container, type);
}

const std::string& InputType(const Node& node, size_t at, const TypeScope& scope) {
  static const auto* const kNone = new std::string();
  return at < node.inputs.size() ? scope.Find(node.inputs[at]) : *kNone;
}

int64_t IntegerOf(const Attribute* attribute) {
  const auto* const value =
      attribute == nullptr ? nullptr : std::get_if<int64_t>(&attribute->value);
  return value == nullptr ? 0 : *value;
}

// A type that an attribute names by number.
std::string NamedType(const Node& node, const Node* call) {
  for (const std::string_view name : {"to", "dtype", "output_datatype", "output_dtype"}) {
    const int64_t type = IntegerOf(FindAttribute(node, name, call));
    if (type > 0 && onnx::DataTypeBits(static_cast<onnx::DataType>(type)) > 0) {
      return TensorOf(static_cast<onnx::DataType>(type));
    }
    if (type == ParseElement("string")) return "tensor(string)";
  }
  return "";
}

std::string ConstantType(const Node& node, const Node* call) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kTypes = {{
      {"value_float", "tensor(float)"},
      {"value_floats", "tensor(float)"},
      {"value_int", "tensor(int64)"},
      {"value_ints", "tensor(int64)"},
      {"value_string", "tensor(string)"},
      {"value_strings", "tensor(string)"},
  }};
  for (const auto& [name, type] : kTypes) {
    if (FindAttribute(node, name, call) != nullptr) return std::string(type);
  }
  for (const std::string_view name : {"value", "sparse_value"}) {
    const Attribute* const value = FindAttribute(node, name, call);
    if (value == nullptr) continue;
    const auto* const tensors = std::get_if<std::vector<onnx::TensorRecord>>(&value->value);
    if (tensors != nullptr && !tensors->empty()) return TensorOf(tensors->front().type);
    const auto* const sparse = std::get_if<std::vector<onnx::SparseTensor>>(&value->value);
    if (sparse != nullptr && !sparse->empty()) return TensorOf(sparse->front().values.type);
  }
  return "";
}

// Types of labels that classical models list in attributes.
std::string LabelType(const Node& node, const Node* call) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kTypes = {{
      {"classlabels_strings", "string"},
      {"classlabels_int64s", "int64"},
      {"classlabels_ints", "int64"},
      {"values_strings", "string"},
      {"values_int64s", "int64"},
      {"values_floats", "float"},
  }};
  for (const auto& [name, type] : kTypes) {
    const Attribute* const labels = FindAttribute(node, name, call);
    const auto* const texts =
        labels == nullptr ? nullptr : std::get_if<std::vector<std::string>>(&labels->value);
    if (labels == nullptr || (texts != nullptr && texts->empty())) continue;
    if (node.op_type == "ZipMap") return fmt::format("seq(map({},tensor(float)))", type);
    return fmt::format("tensor({})", type);
  }
  return "";
}

std::string FirstKnown(const Node& node, const TypeScope& scope) {
  for (const std::string& input : node.inputs) {
    const std::string& type = scope.Find(input);
    if (!type.empty()) return type;
  }
  return "";
}

std::string OptionalType(const Node& node, const Node* call, const TypeScope& scope) {
  const Attribute* const named = FindAttribute(node, "type", call);
  const auto* const types =
      named == nullptr ? nullptr : std::get_if<std::vector<onnx::ValueType>>(&named->value);
  const bool is_named = types != nullptr && !types->empty();
  return Wrap(is_named ? onnx::TypeName(types->front()) : InputType(node, 0, scope), "optional");
}

// What schemas cannot say by constraints' names alone.
std::string OwnRule(const Node& node, const Node* call, const TypeScope& scope) {
  const std::string& op = node.op_type;
  if (op == "Constant") return ConstantType(node, call);
  if (op == "ConstantOfShape") {
    const std::string type = ConstantType(node, call);
    return type.empty() ? "tensor(float)" : type;
  }
  if (op == "EyeLike" || op == "RandomNormalLike" || op == "RandomUniformLike" ||
      op == "Bernoulli") {
    const std::string named = NamedType(node, call);
    return named.empty() ? InputType(node, 0, scope) : named;
  }
  if (op == "CastLike") return InputType(node, 1, scope);
  if (op == "Multinomial") {
    const std::string named = NamedType(node, call);
    return named.empty() ? "tensor(int32)" : named;
  }
  if (op == "RandomNormal" || op == "RandomUniform" || op.ends_with("Window") ||
      op == "MelWeightMatrix") {
    const std::string named = NamedType(node, call);
    return named.empty() ? "tensor(float)" : named;
  }
  if (op == "SequenceEmpty") {
    const std::string named = NamedType(node, call);
    return Wrap(named.empty() ? "tensor(float)" : named, "seq");
  }
  if (op == "SequenceConstruct") return Wrap(FirstKnown(node, scope), "seq");
  if (op == "SplitToSequence") return Wrap(InputType(node, 0, scope), "seq");
  if (op == "SequenceAt" || op == "ConcatFromSequence") {
    return InnerOf(InputType(node, 0, scope), "seq");
  }
  if (op == "Optional") return OptionalType(node, call, scope);
  if (op == "OptionalGetElement") {
    const std::string& type = InputType(node, 0, scope);
    return type.starts_with("optional(") ? InnerOf(type, "optional") : type;
  }
  if (op == "QuantizeLinear") {
    const std::string& zero_point = InputType(node, 2, scope);
    if (!zero_point.empty()) return zero_point;
    const std::string named = NamedType(node, call);
    return named.empty() && node.inputs.size() < 3 ? "tensor(uint8)" : named;
  }
  if (op == "CategoryMapper") {
    return InputType(node, 0, scope) == "tensor(string)" ? "tensor(int64)" : "tensor(string)";
  }
  return LabelType(node, call);
}

}  // namespace

void TypeScope::Set(const std::string& name, const std::string& type) {
  if (name.empty() || type.empty()) return;
  types_.emplace(name, type);
}

const std::string& TypeScope::Find(const std::string& name) const {
  static const auto* const kNone = new std::string();
  for (const TypeScope* scope = this; scope != nullptr; scope = scope->outer_) {
    const auto found = scope->types_.find(name);
    if (found != scope->types_.end()) return found->second;
  }
  return *kNone;
}

void TypeScope::Declare(const onnx::Graph& graph) {
  for (const auto* const values : {&graph.inputs, &graph.values, &graph.outputs}) {
    for (const onnx::ValueInfo& value : *values) Set(value.name, onnx::TypeName(value.type));
  }
  for (const onnx::TensorRecord& tensor : graph.initializers) {
    Set(tensor.name, TensorOf(tensor.type));
  }
  for (const onnx::SparseTensor& tensor : graph.sparse_initializers) {
    Set(tensor.values.name, TensorOf(tensor.values.type));
  }
}

const Attribute* FindAttribute(const Node& node, std::string_view name, const Node* call) {
  const auto found = std::ranges::find(node.attributes, name, &Attribute::name);
  if (found == node.attributes.end()) return nullptr;
  if (found->reference.empty()) return &*found;
  return call == nullptr ? nullptr : FindAttribute(*call, found->reference, nullptr);
}

BoundTypes BindTypes(const OperatorSchema& schema, const Node& node, const TypeScope& scope) {
  BoundTypes bound(schema.constraints.size());
  const auto bind = [&](const std::vector<std::string>& values,
                        const std::vector<OperatorParameter>& parameters) {
    for (size_t i = 0; i < values.size(); ++i) {
      const OperatorParameter* const parameter = onnx::ParameterAt(parameters, i);
      if (parameter == nullptr || values[i].empty()) continue;
      for (size_t c = 0; c < bound.size(); ++c) {
        const bool is_known = bound[c] && !bound[c]->empty();
        if (schema.constraints[c].name == parameter->type && !is_known) {
          bound[c] = scope.Find(values[i]);
        }
      }
    }
  };
  bind(node.inputs, schema.inputs);
  bind(node.outputs, schema.outputs);
  return bound;
}

void InferOutputs(const OperatorSchema& schema, const Node& node, const Node* call,
                  const BoundTypes& bound, TypeScope& scope) {
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (!scope.Find(node.outputs[i]).empty()) continue;
    const OperatorParameter* const parameter = onnx::ParameterAt(schema.outputs, i);
    if (parameter == nullptr || parameter->count == OperatorParameter::Count::kVariadicAnyType) {
      continue;
    }
    const auto constraint =
        std::ranges::find(schema.constraints, parameter->type, &onnx::OperatorConstraint::name);
    if (constraint == schema.constraints.end()) {
      scope.Set(node.outputs[i], CanonicalType(parameter->type));
      continue;
    }
    std::string type =
        bound[static_cast<size_t>(constraint - schema.constraints.begin())].value_or("");
    if (type.empty() && i == 0) type = OwnRule(node, call, scope);
    if (type.empty() && i == 0) type = NamedType(node, call);
    if (type.empty() && constraint->types->size() == 1) {
      type = CanonicalType(constraint->types->front());
    }
    scope.Set(node.outputs[i], type);
  }
}

}  // namespace mreg::targets
