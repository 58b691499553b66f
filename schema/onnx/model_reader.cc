#include "schema/onnx/model_reader.h"

#include <fmt/format.h>

#include <bit>
#include <utility>

#include "schema/base/coding.h"
#include "schema/base/status.h"
#include "schema/onnx/tensor_reader.h"
#include "schema/onnx/wire_reader.h"

namespace mreg::onnx {
namespace {

// One reader a message; each has its field numbers in its switch, in the order of onnx.proto.
// Every method returns false on failure, whose reason is the reader's status.
class ModelParser {
 public:
  ModelParser(const ReadableFile& file, uint64_t size) : reader_(file, size), size_(size) {}

  absl::StatusOr<Model> Parse();

 private:
  using Strings = std::vector<std::string>;

  bool ModelField(const WireField& field);
  bool GraphField(const WireField& field, int depth, Graph& graph);
  bool NodeField(const WireField& field, int depth, Node& node);
  bool AttributeField(const WireField& field, int depth, Attribute& attribute);
  bool AttributeMessage(const WireField& field, int depth, Attribute& attribute);
  bool FunctionField(const WireField& field, int depth, Function& function);
  bool TrainingField(const WireField& field, int depth);
  bool SparseField(const WireField& field, SparseTensor& sparse);
  bool ValueField(const WireField& field, int depth, ValueInfo& value);
  bool TypeField(const WireField& field, int depth, ValueType& type);
  bool TensorTypeField(const WireField& field, ValueType& type);
  bool ElementTypeField(const WireField& field, int depth, ValueType& type);
  bool MapTypeField(const WireField& field, int depth, ValueType& type);

  bool TakeText(const WireField& field, std::string& text);
  bool AddText(const WireField& field, Strings& texts);
  bool TakeInt(const WireField& field, int64_t& value);
  bool TakeFloat(const WireField& field, float& value);
  bool AddInts(const WireField& field, std::vector<int64_t>& values);
  bool AddFloats(const WireField& field, std::vector<float>& values);
  bool AddProperty(const WireField& field, std::vector<Property>& properties);
  bool AddOpset(const WireField& field, std::vector<OpsetImport>& opsets);
  bool AddTensor(const WireField& field, std::vector<TensorRecord>& tensors);
  bool TakeTensor(const WireField& field, TensorRecord& tensor);
  bool TakeDims(const WireField& field, std::vector<Dim>& dims);
  bool TakeDim(const WireField& field, Dim& dim);
  bool Once(const WireField& field, bool seen, std::string_view what);
  bool Charge(const WireField& field, uint64_t bytes);

  // Reads a message's fields, each with `take(field)`.
  template <typename Take>
  bool Fields(const WireField& message, int depth, const Take& take) {
    if (!reader_.Expect(message, WireType::kBytes, "a message")) return false;
    if (depth > kMaxDepth) return reader_.Fail(message.range.begin, "messages nested too deeply");
    WireRange rest = message.range;
    for (WireField field; reader_.Next(rest, field);) {
      if (!take(field)) return false;
    }
    return reader_.status().ok();
  }

  // Appends a message to `list`, read with `take(field, item)`.
  template <typename Item, typename Take>
  bool Append(const WireField& message, int depth, std::vector<Item>& list, const Take& take) {
    if (!Charge(message, sizeof(Item))) return false;
    Item item;
    if (!Fields(message, depth, [&](const WireField& field) { return take(field, item); })) {
      return false;
    }
    list.push_back(std::move(item));
    return true;
  }

  // Reads into the attribute's value with `take(value)`, made a T if it is nothing yet.
  template <typename T, typename Take>
  bool Value(const WireField& field, Attribute& attribute, const Take& take) {
    if (std::holds_alternative<std::monostate>(attribute.value)) attribute.value.emplace<T>();
    if (T* const value = std::get_if<T>(&attribute.value)) return take(*value);
    return reader_.Fail(field.range.begin, "an attribute with values of two kinds");
  }

  WireReader reader_;
  const uint64_t size_;
  Model model_;
  uint64_t held_bytes_ = 0;
  bool has_graph_ = false;
  bool has_ir_version_ = false;
};

absl::StatusOr<Model> ModelParser::Parse() {
  WireField whole;
  whole.type = WireType::kBytes;
  whole.range = {0, size_};
  Fields(whole, 0, [this](const WireField& field) { return ModelField(field); });
  if (!has_graph_) reader_.Fail(size_, "the model has no graph");
  if (!has_ir_version_) reader_.Fail(size_, "the model has no ir_version");
  MREG_RETURN_IF_ERROR(reader_.status());
  return std::move(model_);
}

bool ModelParser::ModelField(const WireField& field) {
  switch (field.number) {
    case 1:
      has_ir_version_ = true;
      return TakeInt(field, model_.ir_version);
    case 2:
      return TakeText(field, model_.producer_name);
    case 3:
      return TakeText(field, model_.producer_version);
    case 4:
      return TakeText(field, model_.domain);
    case 5:
      return TakeInt(field, model_.model_version);
    case 6:
      return TakeText(field, model_.doc);
    case 7:
      return Once(field, std::exchange(has_graph_, true), "ModelProto.graph") &&
             Fields(field, 1,
                    [this](const WireField& f) { return GraphField(f, 1, model_.graph); });
    case 8:
      return AddOpset(field, model_.opsets);
    case 14:
      return AddProperty(field, model_.metadata);
    case 20:
      return Fields(field, 1, [this](const WireField& f) { return TrainingField(f, 1); });
    case 25:
      return Append(field, 1, model_.functions, [this](const WireField& f, Function& function) {
        return FunctionField(f, 1, function);
      });
    default:
      return true;
  }
}

bool ModelParser::GraphField(const WireField& field, int depth, Graph& graph) {
  const auto value = [&](const WireField& f, ValueInfo& info) {
    return ValueField(f, depth + 1, info);
  };
  switch (field.number) {
    case 1:
      return Append(field, depth + 1, graph.nodes,
                    [&](const WireField& f, Node& node) { return NodeField(f, depth + 1, node); });
    case 2:
      return TakeText(field, graph.name);
    case 5:
      return AddTensor(field, graph.initializers);
    case 11:
      return Append(field, depth + 1, graph.inputs, value);
    case 12:
      return Append(field, depth + 1, graph.outputs, value);
    case 13:
      return Append(field, depth + 1, graph.values, value);
    case 14:
      ++graph.quantization_annotations;
      return true;
    case 15:
      return Append(
          field, depth + 1, graph.sparse_initializers,
          [&](const WireField& f, SparseTensor& sparse) { return SparseField(f, sparse); });
    default:
      return true;
  }
}

bool ModelParser::NodeField(const WireField& field, int depth, Node& node) {
  switch (field.number) {
    case 1:
      return AddText(field, node.inputs);
    case 2:
      return AddText(field, node.outputs);
    case 3:
      return TakeText(field, node.name);
    case 4:
      return TakeText(field, node.op_type);
    case 5:
      return Append(field, depth + 1, node.attributes, [&](const WireField& f, Attribute& attr) {
        return AttributeField(f, depth + 1, attr);
      });
    case 7:
      return TakeText(field, node.domain);
    case 8:
      return TakeText(field, node.overload);
    default:
      return true;
  }
}

bool ModelParser::AttributeField(const WireField& field, int depth, Attribute& attribute) {
  switch (field.number) {
    case 1:
      return TakeText(field, attribute.name);
    case 2:
      return Value<float>(field, attribute, [&](float& f) { return TakeFloat(field, f); });
    case 3:
      return Value<int64_t>(field, attribute, [&](int64_t& i) { return TakeInt(field, i); });
    case 4:
      return Value<std::string>(field, attribute,
                                [&](std::string& s) { return TakeText(field, s); });
    case 7:
      return Value<std::vector<float>>(field, attribute,
                                       [&](auto& floats) { return AddFloats(field, floats); });
    case 8:
      return Value<std::vector<int64_t>>(field, attribute,
                                         [&](auto& ints) { return AddInts(field, ints); });
    case 9:
      return Value<Strings>(field, attribute, [&](auto& texts) { return AddText(field, texts); });
    case 20:
      attribute.type = static_cast<AttributeType>(field.varint & 0xff);
      return reader_.Expect(field, WireType::kVarint, "AttributeProto.type");
    case 21:
      return TakeText(field, attribute.reference);
    default:
      return AttributeMessage(field, depth, attribute);
  }
}

// The fields of an attribute that hold messages.
bool ModelParser::AttributeMessage(const WireField& field, int depth, Attribute& attribute) {
  switch (field.number) {
    case 5:
    case 10:
      return Value<std::vector<TensorRecord>>(field, attribute, [&](auto& tensors) {
        return Once(field, field.number == 5 && !tensors.empty(), "AttributeProto.t") &&
               AddTensor(field, tensors);
      });
    case 6:
    case 11:
      return Value<std::vector<Graph>>(field, attribute, [&](auto& graphs) {
        return Once(field, field.number == 6 && !graphs.empty(), "AttributeProto.g") &&
               Append(field, depth + 1, graphs, [&](const WireField& f, Graph& graph) {
                 return GraphField(f, depth + 1, graph);
               });
      });
    case 14:
    case 15:
      return Value<std::vector<ValueType>>(field, attribute, [&](auto& types) {
        return Append(field, depth + 1, types, [&](const WireField& f, ValueType& type) {
          return TypeField(f, depth + 1, type);
        });
      });
    case 22:
    case 23:
      return Value<std::vector<SparseTensor>>(field, attribute, [&](auto& tensors) {
        return Once(field, field.number == 22 && !tensors.empty(),
                    "AttributeProto.sparse_tensor") &&
               Append(field, depth + 1, tensors, [&](const WireField& f, SparseTensor& sparse) {
                 return SparseField(f, sparse);
               });
      });
    default:
      return true;
  }
}

bool ModelParser::FunctionField(const WireField& field, int depth, Function& function) {
  switch (field.number) {
    case 1:
      return TakeText(field, function.name);
    case 4:
      return AddText(field, function.inputs);
    case 5:
      return AddText(field, function.outputs);
    case 7:
      return Append(field, depth + 1, function.nodes,
                    [&](const WireField& f, Node& node) { return NodeField(f, depth + 1, node); });
    case 9:
      return AddOpset(field, function.opsets);
    case 10:
      return TakeText(field, function.domain);
    case 13:
      return TakeText(field, function.overload);
    default:
      return true;
  }
}

bool ModelParser::TrainingField(const WireField& field, int depth) {
  if (field.number != 1 && field.number != 2) return true;
  return Append(field, depth + 1, model_.training,
                [&](const WireField& f, Graph& graph) { return GraphField(f, depth + 1, graph); });
}

bool ModelParser::SparseField(const WireField& field, SparseTensor& sparse) {
  switch (field.number) {
    case 1:
      return TakeTensor(field, sparse.values);
    case 2:
      return TakeTensor(field, sparse.indices);
    case 3:
      return AddInts(field, sparse.dims);
    default:
      return true;
  }
}

bool ModelParser::ValueField(const WireField& field, int depth, ValueInfo& value) {
  if (field.number == 1) return TakeText(field, value.name);
  if (field.number != 2) return true;
  return Fields(field, depth + 1,
                [&](const WireField& f) { return TypeField(f, depth + 1, value.type); });
}

bool ModelParser::TypeField(const WireField& field, int depth, ValueType& type) {
  const auto inner = [&](ValueType::Kind kind, const auto& take) {
    type.kind = kind;
    return Fields(field, depth + 1, [&](const WireField& f) { return take(f); });
  };
  const auto tensor = [&](const WireField& f) { return TensorTypeField(f, type); };
  const auto element = [&](const WireField& f) { return ElementTypeField(f, depth + 1, type); };
  switch (field.number) {
    case 1:
      return inner(ValueType::Kind::kTensor, tensor);
    case 4:
      return inner(ValueType::Kind::kSequence, element);
    case 5:
      return inner(ValueType::Kind::kMap,
                   [&](const WireField& f) { return MapTypeField(f, depth + 1, type); });
    case 7:
      type.kind = ValueType::Kind::kOpaque;
      return true;
    case 8:
      return inner(ValueType::Kind::kSparse, tensor);
    case 9:
      return inner(ValueType::Kind::kOptional, element);
    default:
      return true;
  }
}

bool ModelParser::TensorTypeField(const WireField& field, ValueType& type) {
  if (field.number == 1) {
    type.element = static_cast<DataType>(field.varint);
    return reader_.Expect(field, WireType::kVarint, "elem_type");
  }
  if (field.number != 2) return true;
  type.has_shape = true;
  return TakeDims(field, type.shape);
}

// Of a sequence or an optional.
bool ModelParser::ElementTypeField(const WireField& field, int depth, ValueType& type) {
  if (field.number != 1) return true;
  type.inner.clear();
  return Append(field, depth + 1, type.inner, [&](const WireField& f, ValueType& inner) {
    return TypeField(f, depth + 1, inner);
  });
}

bool ModelParser::MapTypeField(const WireField& field, int depth, ValueType& type) {
  if (field.number == 1) {
    type.element = static_cast<DataType>(field.varint);
    return reader_.Expect(field, WireType::kVarint, "key_type");
  }
  if (field.number != 2) return true;
  type.inner.clear();
  return Append(field, depth + 1, type.inner, [&](const WireField& f, ValueType& inner) {
    return TypeField(f, depth + 1, inner);
  });
}

// A TensorShapeProto.
bool ModelParser::TakeDims(const WireField& field, std::vector<Dim>& dims) {
  return Fields(field, 0, [&](const WireField& f) {
    if (f.number != 1) return true;
    return Append(f, 0, dims, [&](const WireField& part, Dim& dim) { return TakeDim(part, dim); });
  });
}

bool ModelParser::TakeDim(const WireField& field, Dim& dim) {
  if (field.number == 1) return TakeInt(field, dim.value);
  return field.number != 2 || TakeText(field, dim.symbol);
}

bool ModelParser::TakeText(const WireField& field, std::string& text) {
  return reader_.Expect(field, WireType::kBytes, "a text") && Charge(field, field.range.size()) &&
         reader_.Read(field.range, kMaxModelText, text);
}

bool ModelParser::AddText(const WireField& field, Strings& texts) {
  return Charge(field, sizeof(std::string)) && TakeText(field, texts.emplace_back());
}

bool ModelParser::TakeInt(const WireField& field, int64_t& value) {
  value = static_cast<int64_t>(field.varint);
  return reader_.Expect(field, WireType::kVarint, "a number");
}

bool ModelParser::TakeFloat(const WireField& field, float& value) {
  std::string bytes;
  if (!reader_.Expect(field, WireType::kFixed32, "a float") ||
      !reader_.Read(field.range, sizeof(float), bytes)) {
    return false;
  }
  value = std::bit_cast<float>(ReadU32Le(bytes));
  return true;
}

// Packed or one by one, as all lists of numbers.
bool ModelParser::AddInts(const WireField& field, std::vector<int64_t>& values) {
  if (field.type == WireType::kVarint) {
    values.push_back(static_cast<int64_t>(field.varint));
    return Charge(field, sizeof(int64_t));
  }
  if (!reader_.Expect(field, WireType::kBytes, "a list of numbers") ||
      !Charge(field, field.range.size() * sizeof(int64_t))) {
    return false;
  }
  WireRange rest = field.range;
  while (rest.size() > 0) {
    uint64_t value = 0;
    if (!reader_.Varint(rest, value)) return false;
    values.push_back(static_cast<int64_t>(value));
  }
  return true;
}

bool ModelParser::AddFloats(const WireField& field, std::vector<float>& values) {
  if (field.type == WireType::kFixed32) {
    return Charge(field, sizeof(float)) && TakeFloat(field, values.emplace_back());
  }
  std::string bytes;
  if (!reader_.Expect(field, WireType::kBytes, "a list of floats") ||
      !Charge(field, field.range.size()) || !reader_.Read(field.range, kMaxModelBytes, bytes)) {
    return false;
  }
  if (bytes.size() % sizeof(float) != 0) {
    return reader_.Fail(field.range.begin, "packed elements end in the middle of one");
  }
  for (size_t at = 0; at < bytes.size(); at += sizeof(float)) {
    values.push_back(std::bit_cast<float>(ReadU32Le(ByteView(bytes).substr(at))));
  }
  return true;
}

// A StringStringEntryProto.
bool ModelParser::AddProperty(const WireField& field, std::vector<Property>& properties) {
  return Append(field, 0, properties, [&](const WireField& f, Property& property) {
    if (f.number == 1) return TakeText(f, property.first);
    return f.number != 2 || TakeText(f, property.second);
  });
}

// An OperatorSetIdProto.
bool ModelParser::AddOpset(const WireField& field, std::vector<OpsetImport>& opsets) {
  if (opsets.size() == kMaxOpsetImports) {
    return reader_.Fail(field.range.begin, fmt::format("more than {} opsets", kMaxOpsetImports));
  }
  return Append(field, 0, opsets, [&](const WireField& f, OpsetImport& opset) {
    if (f.number == 1) return TakeText(f, opset.domain);
    return f.number != 2 || TakeInt(f, opset.version);
  });
}

bool ModelParser::AddTensor(const WireField& field, std::vector<TensorRecord>& tensors) {
  return TakeTensor(field, tensors.emplace_back());
}

bool ModelParser::TakeTensor(const WireField& field, TensorRecord& tensor) {
  if (!reader_.Expect(field, WireType::kBytes, "a tensor") ||
      !ReadTensor(reader_, field.range, tensor)) {
    return false;
  }
  return Charge(field, sizeof(tensor) + tensor.name.size() + tensor.location.size() +
                           tensor.dims.size() * sizeof(int64_t));
}

bool ModelParser::Once(const WireField& field, bool seen, std::string_view what) {
  return !seen || reader_.Fail(field.range.begin, fmt::format("{} is repeated", what));
}

// Lists grow by doubling, so that what is held is at most twice what is charged.
bool ModelParser::Charge(const WireField& field, uint64_t bytes) {
  held_bytes_ += bytes;
  return held_bytes_ <= kMaxModelBytes / 2 ||
         reader_.Fail(field.range.begin, "the model has too much in it to hold");
}

}  // namespace

absl::StatusOr<Model> ReadModel(const ReadableFile& file) {
  MREG_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
  auto model = ModelParser(file, size).Parse();
  if (!model.ok()) return Annotate(model.status(), "read ONNX model");
  return model;
}

}  // namespace mreg::onnx
