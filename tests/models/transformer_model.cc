#include "tests/models/transformer_model.h"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <cmath>
#include <initializer_list>
#include <string>
#include <utility>

#include "tests/models/weights.h"

namespace mreg::test_models {
namespace {

// Builds the graph node by node; a value is known by its name.
class GraphBuilder {
 public:
  GraphBuilder(const ModelSpec& spec, ONNX_NAMESPACE::GraphProto& graph)
      : spec_(spec), graph_(graph), numbers_(spec.seed) {}

  void Build() {
    AddInputAndOutput();
    std::string x = Embed();
    for (int layer = 0; layer < spec_.layers; ++layer) {
      scope_ = fmt::format("encoder.layer.{}.", layer);
      x = Attention(x);
      x = FeedForward(x);
    }
    scope_ = "final.";
    Node("Identity", {Normalise(x, "norm")}, "hidden");
  }

 private:
  int ElementType() const {
    return spec_.type == ParameterType::kFloat32 ? ONNX_NAMESPACE::TensorProto::FLOAT
                                                 : ONNX_NAMESPACE::TensorProto::FLOAT16;
  }

  void AddInputAndOutput() {
    auto& ids = *graph_.add_input();
    ids.set_name("ids");
    AddShape(ids, ONNX_NAMESPACE::TensorProto::INT64);
    auto& hidden = *graph_.add_output();
    hidden.set_name("hidden");
    AddShape(hidden, ElementType()).add_dim()->set_dim_value(spec_.hidden);
  }

  static ONNX_NAMESPACE::TensorShapeProto& AddShape(ONNX_NAMESPACE::ValueInfoProto& value,
                                                    int type) {
    auto& tensor = *value.mutable_type()->mutable_tensor_type();
    tensor.set_elem_type(type);
    tensor.mutable_shape()->add_dim()->set_dim_param("batch");
    tensor.mutable_shape()->add_dim()->set_dim_param("sequence");
    return *tensor.mutable_shape();
  }

  ONNX_NAMESPACE::NodeProto& Node(const std::string& op, std::initializer_list<std::string> inputs,
                                  const std::string& output) {
    auto& node = *graph_.add_node();
    node.set_op_type(op);
    node.set_name(fmt::format("{}_{}", op, graph_.node_size()));
    for (const std::string& input : inputs) node.add_input(input);
    node.add_output(output);
    return node;
  }

  std::string Apply(const std::string& op, std::initializer_list<std::string> inputs) {
    std::string output = fmt::format("{}{}_{}_output", scope_, op, graph_.node_size());
    Node(op, inputs, output);
    return output;
  }

  std::string Parameter(const std::string& name, std::initializer_list<int64_t> shape, float mean,
                        float sigma) {
    auto& tensor = *graph_.add_initializer();
    tensor.set_name(scope_ + name);
    tensor.set_data_type(ElementType());
    int64_t count = 1;
    for (const int64_t dim : shape) tensor.add_dims(dim), count *= dim;
    std::vector<float> weights(static_cast<size_t>(count));
    for (float& weight : weights) weight = numbers_.Next(mean, sigma);
    tensor.set_raw_data(EncodeWeights(weights, spec_.type));
    return tensor.name();
  }

  // Constants live in the graph's nodes, as exporters put them.
  std::string Constant(ONNX_NAMESPACE::TensorProto tensor) {
    std::string output = fmt::format("{}Constant_{}_output", scope_, graph_.node_size());
    auto& attribute = *Node("Constant", {}, output).add_attribute();
    attribute.set_name("value");
    attribute.set_type(ONNX_NAMESPACE::AttributeProto::TENSOR);
    *attribute.mutable_t() = std::move(tensor);
    return output;
  }

  std::string Scalar(float value) {
    ONNX_NAMESPACE::TensorProto tensor;
    tensor.set_data_type(ElementType());
    tensor.set_raw_data(EncodeWeights({&value, 1}, spec_.type));
    return Constant(std::move(tensor));
  }

  std::string Integers(std::initializer_list<int64_t> values) {
    ONNX_NAMESPACE::TensorProto tensor;
    tensor.set_data_type(ONNX_NAMESPACE::TensorProto::INT64);
    tensor.add_dims(static_cast<int64_t>(values.size()));
    for (const int64_t value : values) tensor.add_int64_data(value);
    return Constant(std::move(tensor));
  }

  static void SetInts(ONNX_NAMESPACE::NodeProto& node, const std::string& name,
                      std::initializer_list<int64_t> values) {
    auto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(ONNX_NAMESPACE::AttributeProto::INTS);
    for (const int64_t value : values) attribute.add_ints(value);
  }

  std::string Transpose(const std::string& x, std::initializer_list<int64_t> order) {
    std::string output = Apply("Transpose", {x});
    SetInts(*graph_.mutable_node(graph_.node_size() - 1), "perm", order);
    return output;
  }

  std::string Embed() {
    scope_ = "embeddings.";
    const int64_t hidden = spec_.hidden;
    const std::string words = Parameter("word.weight", {spec_.vocabulary, hidden}, 0, .02f);
    const std::string places = Parameter("position.weight", {spec_.positions, hidden}, 0, .02f);
    const std::string length = Apply("Gather", {Apply("Shape", {"ids"}), Integers({1})});
    const std::string taken = Apply("Slice", {places, Integers({0}), length, Integers({0})});
    return Apply("Add", {Apply("Gather", {words, "ids"}), taken});
  }

  std::string Normalise(const std::string& x, const std::string& name) {
    const std::string scale = Parameter(name + ".weight", {spec_.hidden}, 1, .05f);
    const std::string bias = Parameter(name + ".bias", {spec_.hidden}, 0, .02f);
    return Apply("LayerNormalization", {x, scale, bias});
  }

  std::string Linear(const std::string& x, const std::string& name, int64_t from, int64_t to) {
    const float sigma = 1 / std::sqrt(static_cast<float>(from));
    const std::string weight = Parameter(name + ".weight", {from, to}, 0, sigma);
    const std::string bias = Parameter(name + ".bias", {to}, 0, .01f);
    return Apply("Add", {Apply("MatMul", {x, weight}), bias});
  }

  std::string Heads(const std::string& x, std::initializer_list<int64_t> order) {
    const int64_t width = spec_.hidden / spec_.heads;
    return Transpose(Apply("Reshape", {x, Integers({0, 0, spec_.heads, width})}), order);
  }

  std::string Attention(const std::string& x) {
    const int64_t hidden = spec_.hidden;
    const std::string query = Heads(Linear(x, "query", hidden, hidden), {0, 2, 1, 3});
    const std::string key = Heads(Linear(x, "key", hidden, hidden), {0, 2, 3, 1});
    const std::string value = Heads(Linear(x, "value", hidden, hidden), {0, 2, 1, 3});
    const float width = static_cast<float>(hidden) / static_cast<float>(spec_.heads);
    const std::string scores =
        Apply("Mul", {Apply("MatMul", {query, key}), Scalar(1 / std::sqrt(width))});
    const std::string mixed =
        Transpose(Apply("MatMul", {Apply("Softmax", {scores}), value}), {0, 2, 1, 3});
    const std::string joined = Apply("Reshape", {mixed, Integers({0, 0, hidden})});
    return Normalise(Apply("Add", {x, Linear(joined, "output", hidden, hidden)}), "norm1");
  }

  std::string FeedForward(const std::string& x) {
    const int64_t hidden = spec_.hidden;
    const std::string wide = Apply("Relu", {Linear(x, "expand", hidden, 4 * hidden)});
    return Normalise(Apply("Add", {x, Linear(wide, "contract", 4 * hidden, hidden)}), "norm2");
  }

  const ModelSpec& spec_;
  ONNX_NAMESPACE::GraphProto& graph_;
  NormalNumbers numbers_;
  std::string scope_;
};

}  // namespace

Bytes MakeTransformerModel(const ModelSpec& spec) {
  ONNX_NAMESPACE::ModelProto model;
  model.set_ir_version(8);
  model.set_producer_name("mreg.synthetic");
  model.set_producer_version("1");
  model.add_opset_import()->set_version(17);
  model.mutable_graph()->set_name("transformer");
  GraphBuilder(spec, *model.mutable_graph()).Build();
  return model.SerializeAsString();
}

}  // namespace mreg::test_models
