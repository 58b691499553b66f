// An ONNX model without its weights: graphs, nodes, types and where each tensor lies. Meanings:
// https://github.com/onnx/onnx/blob/main/docs/IR.md
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "schema/onnx/tensor_reader.h"
#include "schema/onnx/wire_scanner.h"

namespace mreg::onnx {

struct Graph;

// One axis of a shape: a length, a symbol, or neither where it is unknown.
struct Dim {
  int64_t value = -1;  // -1: not known
  std::string symbol;
  bool operator==(const Dim&) const = default;
};

// A TypeProto.
struct ValueType {
  enum class Kind : uint8_t { kNone, kTensor, kSparse, kSequence, kMap, kOptional, kOpaque };

  Kind kind = Kind::kNone;
  DataType element = 0;  // of kTensor and kSparse; of kMap the key's
  bool has_shape = false;
  std::vector<Dim> shape;
  std::vector<ValueType> inner;  // one, of kSequence, kMap and kOptional, where it is told
  bool operator==(const ValueType&) const = default;
};

struct ValueInfo {
  std::string name;
  ValueType type;
};

struct SparseTensor {
  TensorRecord values;
  TensorRecord indices;
  std::vector<int64_t> dims;
};

// AttributeProto.AttributeType.
enum class AttributeType : uint8_t {
  kUndefined = 0,
  kFloat = 1,
  kInt = 2,
  kString = 3,
  kTensor = 4,
  kGraph = 5,
  kFloats = 6,
  kInts = 7,
  kStrings = 8,
  kTensors = 9,
  kGraphs = 10,
  kSparseTensor = 11,
  kSparseTensors = 12,
  kType = 13,
  kTypes = 14
};

// A list of one, where the type is of one tensor, graph or type.
using AttributeValue =
    std::variant<std::monostate, float, int64_t, std::string, std::vector<float>,
                 std::vector<int64_t>, std::vector<std::string>, std::vector<TensorRecord>,
                 std::vector<SparseTensor>, std::vector<Graph>, std::vector<ValueType>>;

struct Attribute {
  std::string name;
  std::string reference;  // of a function's attribute that gives the value; "" for none
  AttributeType type = AttributeType::kUndefined;
  AttributeValue value;
};

struct Node {
  std::string name;
  std::string domain;  // as written: "" and "ai.onnx" are the same
  std::string op_type;
  std::string overload;
  std::vector<std::string> inputs;  // "" for an optional one that is left out
  std::vector<std::string> outputs;
  std::vector<Attribute> attributes;
};

struct Graph {
  std::string name;
  std::vector<Node> nodes;
  std::vector<TensorRecord> initializers;
  std::vector<SparseTensor> sparse_initializers;
  std::vector<ValueInfo> inputs;  // as written: before IR 4 with the initializers
  std::vector<ValueInfo> outputs;
  std::vector<ValueInfo> values;
  uint64_t quantization_annotations = 0;
};

struct Function {
  std::string domain;
  std::string name;
  std::string overload;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<OpsetImport> opsets;
  std::vector<Node> nodes;
};

using Property = std::pair<std::string, std::string>;

struct Model {
  int64_t ir_version = 0;
  std::string producer_name;
  std::string producer_version;
  std::string domain;
  int64_t model_version = 0;
  std::string doc;
  std::vector<OpsetImport> opsets;
  std::vector<Property> metadata;
  Graph graph;
  std::vector<Function> functions;
  std::vector<Graph> training;  // what training_info holds
};

// "ai.onnx" for "", which it is the short form of.
std::string DomainName(const std::string& domain);

// As operators' schemas write it, without the shape: "tensor(float)", "seq(tensor(int64))",
// "optional(tensor(float))", "map(int64,tensor(float))". "" where the type is not told.
std::string TypeName(const ValueType& type);

// "batch x 3 x ? x 224"; "scalar" for no axes, "" where the shape is not told.
std::string ShapeText(const ValueType& type);

// The graphs that an attribute's value holds; empty for all others.
const std::vector<Graph>& Subgraphs(const Attribute& attribute);

}  // namespace mreg::onnx
