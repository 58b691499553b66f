#include "schema/onnx/quantised_tensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "schema/onnx/dequantiser.h"
#include "tests/models/memory_file.h"

namespace mreg::onnx {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Node MakeNode(std::string op, std::vector<std::string> inputs, std::string output) {
  Node node;
  node.op_type = std::move(op);
  node.inputs = std::move(inputs);
  node.outputs = {std::move(output)};
  return node;
}

Attribute Int(std::string name, int64_t value) {
  Attribute attribute;
  attribute.name = std::move(name);
  attribute.type = AttributeType::kInt;
  attribute.value = value;
  return attribute;
}

// Of nodes on w, s and z: levels of 4 x 6, their scale and zero point.
Model ModelOf(std::vector<Node> nodes) {
  Model model;
  model.graph.nodes = std::move(nodes);
  model.graph.initializers.resize(3);
  model.graph.initializers[0].name = "w";
  model.graph.initializers[0].dims = {4, 6};
  model.graph.initializers[1].name = "s";
  model.graph.initializers[2].name = "z";
  return model;
}

void ExpectScaled(const Model& model, bool has_zero_point = true) {
  const std::vector<TensorRecord>& tensors = model.graph.initializers;
  const Quantisations found = FindQuantisations(model);
  ASSERT_THAT(found, SizeIs(1)) << model.graph.nodes.front().op_type;
  const auto& [levels, quantisation] = *found.begin();
  EXPECT_EQ(levels, &tensors[0]);
  EXPECT_EQ(quantisation.scale, &tensors[1]);
  EXPECT_EQ(quantisation.zero_point, has_zero_point ? &tensors[2] : nullptr);
}

TEST(QuantisedTensors, AreFoundByTheOperatorsOnThem) {
  const Node operators[] = {
      MakeNode("DequantizeLinear", {"w", "s", "z"}, "y"),
      MakeNode("QLinearConv", {"x", "xs", "xz", "w", "s", "z", "ys", "yz"}, "y"),
      MakeNode("QLinearMatMul", {"w", "s", "z", "x", "xs", "xz", "ys", "yz"}, "y"),
      MakeNode("QLinearMatMul", {"x", "xs", "xz", "w", "s", "z", "ys", "yz"}, "y"),
      MakeNode("QGemm", {"x", "xs", "xz", "w", "s", "z"}, "y"),
      MakeNode("QAttention", {"x", "w", "b", "xs", "s", "m", "xz", "z"}, "y"),
      MakeNode("DynamicQuantizeMatMul", {"x", "w", "s", "z"}, "y"),
      MakeNode("MatMulIntegerToFloat", {"x", "w", "xs", "s", "xz", "z"}, "y")};
  for (const Node& node : operators) ExpectScaled(ModelOf({node}));
  ExpectScaled(ModelOf({MakeNode("DequantizeLinear", {"w", "s"}, "y")}), false);
  EXPECT_THAT(FindQuantisations(ModelOf({MakeNode("MatMul", {"x", "w"}, "y")})), IsEmpty());
  EXPECT_THAT(FindQuantisations(ModelOf({MakeNode("DequantizeLinear", {"w"}, "y")})), IsEmpty());
}

TEST(QuantisedTensors, HaveTheAxisAndTheBlockOfTheOperator) {
  const auto of = [](Node node, std::vector<Attribute> attributes) {
    node.attributes = std::move(attributes);
    const Model model = ModelOf({std::move(node)});
    const Quantisation found = FindQuantisations(model).begin()->second;
    return std::pair(found.axis, found.block);
  };
  const Node dequantise = MakeNode("DequantizeLinear", {"w", "s", "z"}, "y");
  using Told = std::pair<size_t, uint64_t>;
  EXPECT_EQ(of(dequantise, {}), Told(1, 0));
  EXPECT_EQ(of(dequantise, {Int("axis", 0), Int("block_size", 2)}), Told(0, 2));
  EXPECT_EQ(of(dequantise, {Int("axis", -2)}), Told(0, 0));
  EXPECT_EQ(of(dequantise, {Int("axis", 9), Int("block_size", -3)}), Told(1, 0));
  EXPECT_EQ(of(MakeNode("QLinearConv", {"x", "xs", "xz", "w", "s", "z"}, "y"), {}), Told(0, 0));
  EXPECT_EQ(of(MakeNode("DynamicQuantizeMatMul", {"x", "w", "s"}, "y"), {}), Told(1, 0));
}

TEST(QuantisedTensors, AreFoundThroughIntegerProductsAndTables) {
  // As ONNX Runtime's dynamic quantisation makes them.
  ExpectScaled(ModelOf({MakeNode("Mul", {"xs", "s"}, "scales"),
                        MakeNode("MatMulInteger", {"x", "w", "xz", "z"}, "i"),
                        MakeNode("Cast", {"i"}, "f"), MakeNode("Mul", {"f", "scales"}, "y")}));
  ExpectScaled(ModelOf(
      {MakeNode("ConvInteger", {"x", "w", "xz", "z"}, "i"), MakeNode("Mul", {"i", "s"}, "y")}));
  ExpectScaled(ModelOf({MakeNode("Gather", {"w", "x"}, "rows"),
                        MakeNode("DequantizeLinear", {"rows", "s", "z"}, "y")}));
}

TEST(QuantisedTensors, AreFoundInSubgraphsAndFromThere) {
  Model model = ModelOf({});
  Graph body;
  body.nodes = {MakeNode("DequantizeLinear", {"w", "s", "z"}, "r")};
  Attribute attribute;
  attribute.type = AttributeType::kGraph;
  attribute.value.emplace<std::vector<Graph>>().push_back(std::move(body));
  model.graph.nodes = {MakeNode("If", {"c"}, "y")};
  model.graph.nodes[0].attributes = {attribute};
  ExpectScaled(model);
}

// What `levels` of that shape, 0, 1, 2..., become. Tensors are read from a file of floats.
std::vector<double> Dequantised(std::vector<int64_t> dims, std::vector<int64_t> scale_dims,
                                std::vector<float> scales, size_t axis, uint64_t block,
                                uint64_t first, size_t count) {
  const test_models::MemoryFile file(
      Bytes(reinterpret_cast<const char*>(scales.data()), scales.size() * sizeof(float)));
  TensorRecord levels, scale;
  levels.dims = std::move(dims);
  scale.type = 1;
  scale.is_external = true;
  scale.dims = std::move(scale_dims);
  const PlaceTensor place = [&](const TensorRecord&) {
    return std::optional(TensorPlace{&file, 0, scales.size() * sizeof(float), ""});
  };
  const auto made = Dequantiser::Make(levels, {&scale, nullptr, axis, block}, place);
  if (!made.ok() || !*made) return {};
  std::vector<double> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = static_cast<double>(first + i);
  (*made)->Apply(first, values);
  return values;
}

TEST(Dequantiser, TakesTheScaleOfTheElementsPlace) {
  EXPECT_THAT(Dequantised({2, 3}, {}, {2}, 1, 0, 1, 3), ElementsAre(2, 4, 6));
  EXPECT_THAT(Dequantised({2, 3}, {2}, {1, 10}, 0, 0, 2, 3), ElementsAre(2, 30, 40));
  EXPECT_THAT(Dequantised({2, 3}, {3}, {1, 10, 100}, 1, 0, 1, 4), ElementsAre(10, 200, 3, 40));
  EXPECT_THAT(Dequantised({1, 2, 2}, {2}, {1, 10}, 1, 0, 0, 4), ElementsAre(0, 1, 20, 30));
  // Blocks of two along the last axis, and along the first one.
  EXPECT_THAT(Dequantised({2, 3}, {2, 2}, {1, 10, 100, 1000}, 1, 2, 0, 6),
              ElementsAre(0, 1, 20, 300, 400, 5000));
  EXPECT_THAT(Dequantised({3, 2}, {2, 2}, {1, 10, 100, 1000}, 0, 2, 0, 6),
              ElementsAre(0, 10, 2, 30, 400, 5000));
}

TEST(Dequantiser, RefusesScalesThatDoNotFit) {
  EXPECT_THAT(Dequantised({2, 3}, {3}, {1, 2, 3}, 0, 0, 0, 1), IsEmpty());
  EXPECT_THAT(Dequantised({2, 3}, {2, 3}, {1, 2, 3, 4, 5, 6}, 1, 2, 0, 1), IsEmpty());
  EXPECT_THAT(Dequantised({2, 3}, {2}, {1}, 0, 0, 0, 1), IsEmpty());
  EXPECT_THAT(Dequantised({2, 3}, {0}, {}, 0, 0, 0, 1), IsEmpty());
  EXPECT_THAT(Dequantised({-2, 3}, {2}, {1, 2}, 0, 0, 0, 1), IsEmpty());
  EXPECT_THAT(Dequantised({int64_t{1} << 62, 8}, {2}, {1, 2}, 0, 0, 0, 1), IsEmpty());
}

}  // namespace
}  // namespace mreg::onnx
