#include "schema/targets/probe_model.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "schema/onnx/data_type.h"
#include "schema/targets/proto_writer.h"
#include "schema/targets/type_text.h"

namespace mreg::targets {
namespace {

using onnx::AttributeType;
using onnx::OperatorParameter;
using onnx::OperatorSchema;
using onnx::ValueType;
using Count = OperatorParameter::Count;
using Kind = ValueType::Kind;

ProtoWriter TypeProto(const ValueType& type) {
  ProtoWriter inner;
  if (type.kind == Kind::kTensor || type.kind == Kind::kSparse) {
    inner.Number(1, static_cast<uint64_t>(type.element));
    return ProtoWriter().Message(type.kind == Kind::kTensor ? 1 : 8, inner);
  }
  if (type.kind == Kind::kMap) {
    inner.Number(1, static_cast<uint64_t>(type.element)).Message(2, TypeProto(type.inner[0]));
    return ProtoWriter().Message(5, inner);
  }
  inner.Message(1, TypeProto(type.inner[0]));
  return ProtoWriter().Message(type.kind == Kind::kSequence ? 4 : 9, inner);
}

ProtoWriter ValueInfo(std::string_view name, std::string_view type) {
  ProtoWriter info;
  info.Text(1, name);
  if (const auto parsed = ParseType(type)) info.Message(2, TypeProto(*parsed));
  return info;
}

// The element type innermost in a type: float of seq(tensor(float)).
onnx::DataType ElementOf(std::string_view text) {
  auto type = ParseType(text);
  while (type && !type->inner.empty()) type = ValueType(type->inner[0]);
  return type ? type->element : 0;
}

// One tensor of one zero element.
ProtoWriter OneElement(onnx::DataType type) {
  ProtoWriter tensor;
  tensor.Number(1, 1).Number(2, static_cast<uint64_t>(type));
  if (type == ParseElement("string")) return tensor.Text(6, "a");
  constexpr size_t kBitsOfByte = 8;
  const auto bits = static_cast<size_t>(onnx::DataTypeBits(type));
  return tensor.Text(9, Bytes(std::max<size_t>(bits / kBitsOfByte, 1), '\0'));
}

ProtoWriter Attribute(std::string_view name, AttributeType type) {
  return ProtoWriter().Text(1, name).Number(20, static_cast<uint64_t>(type));
}

// A node that makes `to`, of `type`, from `from`. Identity took no sequences at first.
ProtoWriter Pass(std::string_view from, std::string_view to, std::string_view type) {
  if (!type.starts_with("seq(")) return ProtoWriter().Text(1, from).Text(2, to).Text(4, "Identity");
  ProtoWriter node;
  node.Text(2, to).Text(4, "SequenceEmpty");
  return node.Message(
      5, Attribute("dtype", AttributeType::kInt).Number(3, static_cast<uint64_t>(ElementOf(type))));
}

// Puts one node and what it needs together.
class ProbeWriter {
 public:
  explicit ProbeWriter(const ProbeNode& probe)
      : probe_(probe), schema_(*probe.schema), types_(probe.types) {}

  Bytes Write(int64_t ir, int64_t opset) {
    AddInputs();
    AddOutputs();
    AddAttributes();
    node_.Text(3, "probe").Text(4, schema_.name);
    const bool is_onnx = schema_.domain == "ai.onnx";
    if (!is_onnx) node_.Text(7, schema_.domain);
    ProtoWriter graph;
    graph.Message(1, node_).Text(2, "probe");
    for (const ProtoWriter& input : inputs_) graph.Message(11, input);
    for (const ProtoWriter& output : outputs_) graph.Message(12, output);
    ProtoWriter model;
    model.Number(1, static_cast<uint64_t>(ir)).Message(7, graph);
    model.Message(8, ProtoWriter().Text(1, "").Number(
                         2, static_cast<uint64_t>(is_onnx ? schema_.since : opset)));
    if (!is_onnx) {
      model.Message(
          8, ProtoWriter().Text(1, schema_.domain).Number(2, static_cast<uint64_t>(schema_.since)));
    }
    return model.bytes();
  }

 private:
  // The type that stands for a parameter's.
  std::string_view TypeOf(const OperatorParameter& parameter) const {
    for (size_t i = 0; i < schema_.constraints.size() && i < types_.size(); ++i) {
      if (schema_.constraints[i].name == parameter.type) return types_[i];
    }
    return parameter.type;
  }

  bool IsConstraint(std::string_view type) const {
    return std::ranges::any_of(schema_.constraints,
                               [&](const auto& constraint) { return constraint.name == type; });
  }

  bool IsRequired(const OperatorParameter& parameter) const {
    return parameter.count != Count::kOptional;
  }

  bool IsWanted(const OperatorParameter& parameter) const {
    if (IsRequired(parameter)) return true;
    if (probe_.optional != ProbeNode::Optional::kNeeded) {
      return probe_.optional == ProbeNode::Optional::kAll;
    }
    return IsConstraint(parameter.type) && !bound_.contains(parameter.type);
  }

  void AddInputs() {
    if (schema_.name == "If") return AddIfInputs();
    for (const OperatorParameter& input : schema_.inputs) {
      if (IsRequired(input)) bound_.insert(input.type);
    }
    std::vector<std::string> names;
    for (size_t i = 0; i < schema_.inputs.size(); ++i) {
      const OperatorParameter& input = schema_.inputs[i];
      const bool is_scale = schema_.name == "Resize" && i == 2;
      names.emplace_back();
      const bool is_captured = schema_.name == "SequenceMap" && i > 0;
      if ((!IsWanted(input) && !is_scale) || is_captured) continue;
      bound_.insert(input.type);
      names.back() = "i" + std::to_string(i);
      inputs_.push_back(ValueInfo(names.back(), TypeOf(input)));
    }
    while (!names.empty() && names.back().empty()) names.pop_back();
    for (const std::string& name : names) node_.Text(1, name);
  }

  void AddIfInputs() {
    node_.Text(1, "i0");
    inputs_.push_back(ValueInfo("i0", TypeOf(schema_.inputs[0])));
    inputs_.push_back(ValueInfo("outer", BodyType()));
  }

  void AddOutputs() {
    std::vector<std::string> names;
    for (size_t i = 0; i < schema_.outputs.size(); ++i) {
      const OperatorParameter& output = schema_.outputs[i];
      names.emplace_back();
      if (!IsWanted(output) && !(i == 0)) continue;
      bound_.insert(output.type);
      names.back() = "o" + std::to_string(i);
      outputs_.push_back(ValueInfo(names.back(), TypeOf(output)));
    }
    while (!names.empty() && names.back().empty()) names.pop_back();
    for (const std::string& name : names) node_.Text(2, name);
  }

  std::string_view OutputType() const {
    return schema_.outputs.empty() ? std::string_view() : TypeOf(schema_.outputs[0]);
  }

  // What goes into and out of a body.
  std::string_view BodyType() const {
    if (schema_.name == "SequenceMap") {
      constexpr std::string_view kBegin = "seq(";
      const std::string_view sequence = TypeOf(schema_.inputs[0]);
      return sequence.substr(kBegin.size(), sequence.size() - kBegin.size() - 1);
    }
    for (size_t i = 0; i < schema_.constraints.size() && i < types_.size(); ++i) {
      if (schema_.constraints[i].name == "V") return types_[i];
    }
    return "tensor(float)";
  }

  ProtoWriter Body() const {
    ProtoWriter graph;
    graph.Text(2, "body");
    if (schema_.name == "If") {
      graph.Message(1, Pass("outer", "b", BodyType())).Message(12, ValueInfo("b", BodyType()));
    } else if (schema_.name == "Loop") {
      graph.Message(1, Pass("c", "d", "tensor(bool)")).Message(1, Pass("a", "b", BodyType()));
      graph.Message(11, ValueInfo("n", "tensor(int64)"))
          .Message(11, ValueInfo("c", "tensor(bool)"));
      graph.Message(11, ValueInfo("a", BodyType()));
      graph.Message(12, ValueInfo("d", "tensor(bool)")).Message(12, ValueInfo("b", BodyType()));
    } else {
      graph.Message(1, Pass("a", "b", BodyType()));
      graph.Message(11, ValueInfo("a", BodyType())).Message(12, ValueInfo("b", BodyType()));
    }
    return graph;
  }

  void AddAttributes() {
    for (const onnx::OperatorAttribute& attribute : schema_.attributes) {
      if (attribute.name == probe_.attribute) {
        AddProbed(attribute);
        continue;
      }
      if (!AddTypeAttribute(attribute) && attribute.is_required) AddRequired(attribute);
    }
    AddLabels();
    if (schema_.name == "Constant") {
      node_.Message(5, Attribute("value", AttributeType::kTensor)
                           .Message(5, OneElement(ElementOf(OutputType()))));
    }
    const bool is_recurrent =
        schema_.name == "LSTM" || schema_.name == "GRU" || schema_.name == "RNN";
    if (is_recurrent) AddNumber("hidden_size", 1);
  }

  void AddProbed(const onnx::OperatorAttribute& attribute) {
    if (attribute.type == "INT") {
      AddNumber(attribute.name, probe_.value == "0" ? 0 : 1);
    } else {
      node_.Message(5, Attribute(attribute.name, AttributeType::kString).Text(4, probe_.value));
    }
  }

  void AddNumber(std::string_view name, uint64_t value) {
    node_.Message(5, Attribute(name, AttributeType::kInt).Number(3, value));
  }

  // Attributes that say the output's type.
  bool AddTypeAttribute(const onnx::OperatorAttribute& attribute) {
    const onnx::DataType element = ElementOf(OutputType());
    if (attribute.name == "value" && schema_.name == "ConstantOfShape") {
      node_.Message(5, Attribute("value", AttributeType::kTensor).Message(5, OneElement(element)));
      return true;
    }
    const bool is_type = attribute.name == "to" || attribute.name == "dtype" ||
                         attribute.name == "output_datatype" || attribute.name == "output_dtype";
    if (!is_type) return false;
    if (attribute.type == "STRING") {
      node_.Message(
          5,
          Attribute(attribute.name, AttributeType::kString).Text(4, onnx::DataTypeName(element)));
    } else {
      AddNumber(attribute.name, static_cast<uint64_t>(element));
    }
    return true;
  }

  void AddRequired(const onnx::OperatorAttribute& attribute) {
    const std::string_view name = attribute.name;
    const std::string_view type = attribute.type;
    if (type == "INT") {
      AddNumber(name, name == "axis" ? 0 : 1);
    } else if (type == "FLOAT") {
      node_.Message(5, Attribute(name, AttributeType::kFloat).Float(2, 1));
    } else if (type == "STRING") {
      const std::string_view value = name == "equation" ? "a->a" : name == "mode" ? "TF" : "a";
      node_.Message(5, Attribute(name, AttributeType::kString).Text(4, value));
    } else if (type == "FLOATS") {
      node_.Message(5, Attribute(name, AttributeType::kFloats).Float(7, 1));
    } else if (type == "INTS") {
      AddRequiredNumbers(name);
    } else if (type == "STRINGS") {
      node_.Message(5, Attribute(name, AttributeType::kStrings).Text(9, "a"));
    } else if (type == "TENSOR") {
      node_.Message(
          5,
          Attribute(name, AttributeType::kTensor).Message(5, OneElement(ElementOf(OutputType()))));
    } else if (type == "GRAPH") {
      node_.Message(5, Attribute(name, AttributeType::kGraph).Message(6, Body()));
    }
  }

  void AddRequiredNumbers(std::string_view name) {
    const uint64_t value = name == "axes" || name == "perm" ? 0 : 1;
    ProtoWriter numbers = Attribute(name, AttributeType::kInts);
    numbers.Number(8, value);
    if (name.ends_with("_shape")) numbers.Number(8, value);
    node_.Message(5, numbers);
  }

  bool HasAttribute(std::string_view name) const {
    return std::ranges::any_of(schema_.attributes,
                               [&](const auto& attribute) { return attribute.name == name; });
  }

  void AddList(std::string_view name, onnx::DataType element) {
    if (!HasAttribute(name)) return;
    if (element == ParseElement("string")) {
      node_.Message(5, Attribute(name, AttributeType::kStrings).Text(9, "a"));
    } else if (element == ParseElement("float")) {
      node_.Message(5, Attribute(name, AttributeType::kFloats).Float(7, 1));
    } else {
      node_.Message(5, Attribute(name, AttributeType::kInts).Number(8, 1));
    }
  }

  static std::string_view Plural(onnx::DataType element) {
    if (element == ParseElement("string")) return "strings";
    return element == ParseElement("float") ? "floats" : "int64s";
  }

  // Of classical models, whose labels' type is that of the attribute that lists them.
  void AddLabels() {
    const auto type = ParseType(OutputType());
    if (!type || schema_.domain != "ai.onnx.ml") return;
    const bool is_map = type->kind == Kind::kSequence && !type->inner[0].inner.empty();
    const onnx::DataType label = is_map ? type->inner[0].element : ElementOf(OutputType());
    const onnx::DataType key = ElementOf(TypeOf(schema_.inputs[0]));
    AddList(label == ParseElement("string") ? "classlabels_strings" : "classlabels_int64s", label);
    if (HasAttribute("classlabels_ints") && label != ParseElement("string")) {
      AddList("classlabels_ints", label);
    }
    AddList("keys_" + std::string(Plural(key)), key);
    AddList("values_" + std::string(Plural(label)), label);
    if (schema_.name == "CategoryMapper" || schema_.name == "OneHotEncoder") {
      AddList("cats_int64s", ParseElement("int64"));
      if (schema_.name == "CategoryMapper") AddList("cats_strings", ParseElement("string"));
    }
  }

  const ProbeNode& probe_;
  const OperatorSchema& schema_;
  const std::vector<std::string_view>& types_;
  std::set<std::string_view> bound_;  // types that a parameter already has
  ProtoWriter node_;
  std::vector<ProtoWriter> inputs_;
  std::vector<ProtoWriter> outputs_;
};

}  // namespace

Bytes MakeProbeModel(const ProbeNode& node, int64_t ir, int64_t opset) {
  return ProbeWriter(node).Write(ir, opset);
}

}  // namespace mreg::targets
