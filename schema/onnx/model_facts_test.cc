#include "schema/onnx/model_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "schema/onnx/facts_json.h"

namespace mreg::onnx {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Node MakeNode(std::string op_type, std::string domain = "") {
  Node node;
  node.op_type = std::move(op_type);
  node.domain = std::move(domain);
  return node;
}

TensorRecord MakeTensor(std::string name, DataType type, std::vector<int64_t> dims,
                        uint64_t bytes) {
  TensorRecord tensor;
  tensor.name = std::move(name);
  tensor.type = type;
  tensor.dims = std::move(dims);
  tensor.payload_fields = 1;
  tensor.payload = {100, 100 + bytes};
  return tensor;
}

Attribute GraphAttribute(Graph graph) {
  Attribute attribute;
  attribute.name = "body";
  attribute.value.emplace<std::vector<Graph>>().push_back(std::move(graph));
  return attribute;
}

Model ModelOf(std::vector<Node> nodes, int64_t opset = 17) {
  Model model;
  model.ir_version = 8;
  model.opsets = {{"", opset}};
  model.graph.nodes = std::move(nodes);
  return model;
}

const OperatorUse* FindUse(const ModelFacts& facts, std::string_view name) {
  for (const OperatorUse& use : facts.operators) {
    if (use.name == name) return &use;
  }
  return nullptr;
}

std::vector<std::string> DangersOf(const ModelFacts& facts) {
  std::vector<std::string> list;
  for (const ModelDanger& danger : facts.dangers) {
    list.push_back(DangerName(danger.kind) + " " + danger.detail);
  }
  return list;
}

TEST(ModelFacts, CountsOperatorsByTheVersionThatIsMeant) {
  const ModelFacts facts = GatherFacts(ModelOf(
      {MakeNode("Relu"), MakeNode("Relu", "ai.onnx"), MakeNode("Conv"), MakeNode("Nonsense")}));
  ASSERT_THAT(facts.operators, SizeIs(3));
  EXPECT_EQ(FindUse(facts, "Relu")->nodes, 2u);
  EXPECT_EQ(FindUse(facts, "Relu")->since, 14);
  EXPECT_EQ(FindUse(facts, "Conv")->since, 11);
  EXPECT_EQ(FindUse(facts, "Nonsense")->since, 0);
  EXPECT_EQ(facts.nodes, 4u);
}

TEST(ModelFacts, TellsTheOpsetThatIsNeeded) {
  Model model = ModelOf({MakeNode("Conv"), MakeNode("MaxPool")});
  model.opsets.push_back({"ai.onnx.ml", 3});
  const ModelFacts facts = GatherFacts(model);
  ASSERT_THAT(facts.opsets, SizeIs(2));
  EXPECT_EQ(facts.opsets[0].imported, 17);
  EXPECT_EQ(facts.opsets[0].needed, 12);
  EXPECT_EQ(facts.opsets[1].domain, "ai.onnx.ml");
  EXPECT_EQ(facts.opsets[1].nodes, 0u);  // imported, not used
}

TEST(ModelFacts, OfInputsThoseThatACallerGives) {
  Model model = ModelOf({});
  model.graph.inputs = {{"image", {}}, {"weight", {}}};
  model.graph.initializers = {MakeTensor("weight", 1, {2, 3}, 24)};
  const ModelFacts facts = GatherFacts(model);
  ASSERT_THAT(facts.inputs, SizeIs(1));
  EXPECT_EQ(facts.inputs[0].name, "image");
}

TEST(ModelFacts, CountsParametersWhereverTheyLie) {
  Attribute constant;
  constant.value.emplace<std::vector<TensorRecord>>() = {MakeTensor("", 10, {8}, 16)};
  Node node = MakeNode("Constant");
  node.attributes.push_back(std::move(constant));
  Graph inner;
  inner.nodes.push_back(std::move(node));
  Node outer = MakeNode("If");
  outer.attributes.push_back(GraphAttribute(std::move(inner)));
  Model model;
  model.graph.nodes.push_back(std::move(outer));
  model.graph.initializers = {MakeTensor("w", 1, {2, 3}, 24)};
  const ModelFacts facts = GatherFacts(model);
  EXPECT_EQ(facts.parameters, 14u);
  EXPECT_EQ(facts.parameter_bytes, 40u);
  ASSERT_THAT(facts.types, SizeIs(2));
  EXPECT_EQ(facts.types[0].type, 1);
  EXPECT_EQ(facts.subgraph_depth, 1);
  EXPECT_EQ(facts.graphs, 2u);
}

TEST(ModelFacts, ShapesThatLieNeverOverflow) {
  Model model;
  const int64_t huge = std::numeric_limits<int64_t>::max();
  TensorRecord tensor = MakeTensor("w", 1, {huge, huge, huge}, 4);
  tensor.payload_fields = 0;
  model.graph.initializers = {tensor, tensor, MakeTensor("n", 1, {-5}, 0)};
  const ModelFacts facts = GatherFacts(model);
  EXPECT_EQ(facts.parameters, std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(facts.parameter_bytes, std::numeric_limits<uint64_t>::max());
}

TEST(ModelFacts, KnowsAModelsOwnFunctions) {
  Model model = ModelOf({MakeNode("Block", "local")});
  model.opsets.push_back({"local", 1});
  Function function;
  function.domain = "local";
  function.name = "Block";
  function.opsets = {{"", 18}};
  function.nodes.push_back(MakeNode("ReduceMean"));
  model.functions.push_back(std::move(function));
  const ModelFacts facts = GatherFacts(model);
  EXPECT_TRUE(FindUse(facts, "Block")->is_function);
  EXPECT_EQ(FindUse(facts, "ReduceMean")->since, 18);  // by the function's own opset
  EXPECT_THAT(facts.dangers, IsEmpty());
  ASSERT_THAT(facts.functions, SizeIs(1));
  EXPECT_EQ(facts.functions[0].nodes, 1u);
}

TEST(ModelFacts, TellsHowAModelIsQuantised) {
  const ModelFacts facts = GatherFacts(
      ModelOf({MakeNode("QuantizeLinear"), MakeNode("DequantizeLinear"), MakeNode("QLinearConv"),
               MakeNode("DynamicQuantizeLinear"), MakeNode("MatMulNBits", "com.microsoft")}));
  EXPECT_EQ(facts.quantisation.qdq, 2u);
  EXPECT_EQ(facts.quantisation.integer_operators, 1u);
  EXPECT_EQ(facts.quantisation.dynamic, 1u);
  EXPECT_EQ(facts.quantisation.blockwise, 1u);
  EXPECT_FALSE(GatherFacts(ModelOf({MakeNode("Conv")})).quantisation.any());
}

TEST(ModelFacts, WarnsOfWhatReachesOutOfTheModel) {
  Node context = MakeNode("EPContext", "com.microsoft");
  context.attributes.resize(2);
  context.attributes[0].name = "embed_mode";
  context.attributes[0].value = int64_t{0};
  context.attributes[1].name = "ep_cache_context";
  context.attributes[1].value = std::string("/tmp/engine.bin");
  Model model;
  model.graph.nodes.push_back(std::move(context));
  TensorRecord outside = MakeTensor("w", 1, {4}, 16);
  outside.is_external = true;
  outside.location = "../../etc/passwd";
  TensorRecord inside = outside;
  inside.location = "data/w.bin";
  model.graph.initializers = {outside, inside};
  const ModelFacts facts = GatherFacts(model);
  EXPECT_THAT(DangersOf(facts),
              ElementsAre("external_escapes ../../etc/passwd", "custom_domain com.microsoft",
                          "context_path /tmp/engine.bin"));
  ASSERT_THAT(facts.external, SizeIs(2));
  EXPECT_EQ(facts.external[1].location, "data/w.bin");
  EXPECT_TRUE(facts.external[1].is_inside);
  EXPECT_EQ(facts.external[1].bytes, 16u);
}

TEST(ModelFacts, LocationsThatLeaveTheFolder) {
  for (const char* const inside : {"a", "a/b.bin", "./a", "..a", "a..b"}) {
    EXPECT_TRUE(IsLocationInside(inside)) << inside;
  }
  for (const char* const outside :
       {"", "/a", "..", "../a", "a/../../b", "a//b", "a/", "C:a", "a\\b", "\\\\host\\a"}) {
    EXPECT_FALSE(IsLocationInside(outside)) << outside;
  }
  EXPECT_FALSE(IsLocationInside(std::string_view("a\0b", 3)));
}

TEST(FactsJson, WritesHostileTextAsJson) {
  Model model = ModelOf({MakeNode("Relu")});
  model.producer_name = "a\"b\n\xff\x1b[31m";
  const std::string json = FactsToJson(GatherFacts(model));
  EXPECT_NE(json.find(R"("name":"a\"b\n)"), std::string::npos) << json;
  EXPECT_EQ(json.find('\x1b'), std::string::npos);
  EXPECT_EQ(json.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace mreg::onnx
