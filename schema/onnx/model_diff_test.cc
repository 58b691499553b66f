#include "schema/onnx/model_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "schema/onnx/model_reader.h"
#include "tests/models/memory_file.h"
#include "tests/models/model_edits.h"
#include "tests/models/transformer_model.h"

namespace mreg::onnx {
namespace {

using test_models::MemoryFile;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Model Read(const Bytes& bytes) { return ReadModel(MemoryFile(bytes)).value(); }

Model SmallModel() { return Read(test_models::MakeTransformerModel(test_models::kSmallModel)); }

Node MakeNode(std::string op, std::string name, std::vector<std::string> inputs,
              std::vector<std::string> outputs) {
  Node node;
  node.op_type = std::move(op);
  node.name = std::move(name);
  node.inputs = std::move(inputs);
  node.outputs = std::move(outputs);
  return node;
}

Attribute Ints(std::string name, std::vector<int64_t> values) {
  Attribute attribute;
  attribute.name = std::move(name);
  attribute.type = AttributeType::kInts;
  attribute.value = std::move(values);
  return attribute;
}

Model ModelOf(std::vector<Node> nodes) {
  Model model;
  model.graph.nodes = std::move(nodes);
  return model;
}

// x -> Conv -> Relu -> y
Model Chain(const std::string& prefix, int64_t stride) {
  Model model = ModelOf({MakeNode("Conv", prefix + "conv", {"x", prefix + "w"}, {prefix + "c"}),
                         MakeNode("Relu", prefix + "relu", {prefix + "c"}, {"y"})});
  model.graph.nodes[0].attributes = {Ints("strides", {stride, stride})};
  model.graph.inputs = {{"x", {}}};
  model.graph.outputs = {{"y", {}}};
  model.graph.initializers.resize(1);
  model.graph.initializers[0].name = prefix + "w";
  return model;
}

size_t CountOf(const ModelDiff& diff, NodeChange::Kind kind) {
  return static_cast<size_t>(std::ranges::count(diff.nodes, kind, &NodeChange::kind));
}

bool AllPaired(const ModelDiff& diff) {
  return std::ranges::all_of(diff.tensors, [](const TensorPair& pair) {
    return pair.before != nullptr && pair.after != nullptr;
  });
}

TEST(ModelDiff, OfEqualModelsIsEmpty) {
  const Model model = SmallModel();
  const ModelDiff diff = DiffModels(model, model);
  EXPECT_THAT(diff.head, IsEmpty());
  EXPECT_THAT(diff.opsets, IsEmpty());
  EXPECT_THAT(diff.inputs, IsEmpty());
  EXPECT_THAT(diff.nodes, IsEmpty());
  EXPECT_EQ(diff.renamed_nodes, 0u);
  EXPECT_GT(diff.tensors.size(), model.graph.initializers.size());  // constants are among them
  EXPECT_TRUE(AllPaired(diff));
}

TEST(ModelDiff, TellsHeadOpsetsMetadataAndInterface) {
  Model before, after;
  before.ir_version = 8;
  after.ir_version = 9;
  before.producer_name = "maker";
  before.opsets = {{"", 17}, {"old", 1}};
  after.opsets = {{"ai.onnx", 18}};
  after.metadata = {{"owner", "ada"}};
  ValueType type;
  type.kind = ValueType::Kind::kTensor;
  type.element = 1;
  before.graph.inputs = {{"x", type}};
  type.has_shape = true;
  type.shape = {{4, ""}};
  after.graph.inputs = {{"x", type}};
  after.graph.outputs = {{"y", type}};
  const ModelDiff diff = DiffModels(before, after);
  EXPECT_THAT(diff.head, ElementsAre(TextChange{"ir_version", "8", "9"},
                                     TextChange{"producer", "maker", std::nullopt}));
  EXPECT_THAT(diff.opsets,
              ElementsAre(TextChange{"ai.onnx", "17", "18"}, TextChange{"old", "1", std::nullopt}));
  EXPECT_THAT(diff.metadata, ElementsAre(TextChange{"owner", std::nullopt, "ada"}));
  EXPECT_THAT(diff.inputs, ElementsAre(TextChange{"x", "tensor(float)", "tensor(float) 4"}));
  EXPECT_THAT(diff.outputs, ElementsAre(TextChange{"y", std::nullopt, "tensor(float) 4"}));
}

TEST(ModelDiff, SeesThroughRenamedTensorsAndTheirOrder) {
  const Bytes base = test_models::MakeTransformerModel(test_models::kSmallModel);
  const Model before = Read(base);
  const Model renamed = Read(test_models::RenameInitializers(base, "encoder/"));
  const ModelDiff diff = DiffModels(before, renamed);
  EXPECT_THAT(diff.nodes, IsEmpty());
  ASSERT_TRUE(AllPaired(diff));
  const auto is_renamed = [](const TensorPair& pair) {
    return pair.name == "encoder/" + pair.name_before;
  };
  EXPECT_EQ(std::ranges::count_if(diff.tensors, is_renamed), std::ssize(before.graph.initializers));

  const Model shuffled = Read(test_models::ReorderInitializers(base, 7));
  const ModelDiff order = DiffModels(before, shuffled);
  EXPECT_THAT(order.nodes, IsEmpty());
  ASSERT_TRUE(AllPaired(order));
  for (const TensorPair& pair : order.tensors) EXPECT_EQ(pair.name, pair.name_before);
}

TEST(ModelDiff, SeesThroughNamesOfNodesAndValues) {
  const Model before = Chain("", 1), after = Chain("net/", 1);
  const ModelDiff diff = DiffModels(before, after);
  EXPECT_THAT(diff.nodes, IsEmpty());
  EXPECT_EQ(diff.renamed_nodes, 2u);
  EXPECT_TRUE(AllPaired(diff));
}

TEST(ModelDiff, TellsAnAttributeThatChangedWhateverTheNames) {
  for (const std::string prefix : {"", "net/"}) {
    const Model before = Chain("", 1), after = Chain(prefix, 2);
    const ModelDiff diff = DiffModels(before, after);
    ASSERT_THAT(diff.nodes, SizeIs(1)) << prefix;
    EXPECT_EQ(diff.nodes[0].kind, NodeChange::Kind::kChanged);
    EXPECT_EQ(diff.nodes[0].name, prefix + "conv");
    EXPECT_THAT(diff.nodes[0].attributes, ElementsAre(TextChange{"strides", "[1, 1]", "[2, 2]"}));
    EXPECT_THAT(diff.nodes[0].inputs, IsEmpty());
    EXPECT_TRUE(AllPaired(diff));
  }
}

TEST(ModelDiff, TellsAddedNodes) {
  const Bytes base = test_models::MakeTransformerModel(test_models::kSmallModel);
  const Model before = Read(base), after = Read(test_models::AddNode(base));
  const ModelDiff diff = DiffModels(before, after);
  ASSERT_THAT(diff.nodes, SizeIs(1));
  EXPECT_EQ(diff.nodes[0].kind, NodeChange::Kind::kAdded);
  EXPECT_EQ(diff.nodes[0].op, "Identity");
  const ModelDiff back = DiffModels(after, before);
  ASSERT_THAT(back.nodes, SizeIs(1));
  EXPECT_EQ(back.nodes[0].kind, NodeChange::Kind::kRemoved);
}

TEST(ModelDiff, TellsWhatQuantisingAdds) {
  test_models::ModelSpec spec = test_models::kSmallModel;
  spec.type = test_models::ParameterType::kFloat32;
  const Bytes base = test_models::MakeTransformerModel(spec);
  const Model before = Read(base), after = Read(test_models::Quantise(base));
  const ModelDiff diff = DiffModels(before, after);
  EXPECT_EQ(CountOf(diff, NodeChange::Kind::kAdded),
            after.graph.nodes.size() - before.graph.nodes.size());
  EXPECT_EQ(CountOf(diff, NodeChange::Kind::kRemoved), 0u);
  EXPECT_EQ(CountOf(diff, NodeChange::Kind::kChanged), 0u);
}

TEST(ModelDiff, TellsAnotherOperatorAndOtherInputs) {
  const Model before =
      ModelOf({MakeNode("Relu", "a", {"x"}, {"y"}), MakeNode("Add", "b", {"y", "x"}, {"z"})});
  Model after = before;
  after.graph.nodes[0].op_type = "Fast";
  after.graph.nodes[0].domain = "com.acme";
  after.graph.nodes[1].inputs = {"x", "x"};
  const ModelDiff diff = DiffModels(before, after);
  ASSERT_THAT(diff.nodes, SizeIs(2));
  EXPECT_EQ(diff.nodes[0].op_before, "Relu");
  EXPECT_EQ(diff.nodes[0].op, "com.acme.Fast");
  EXPECT_THAT(diff.nodes[1].inputs, ElementsAre(TextChange{"0", "y", "x"}));
}

TEST(ModelDiff, LooksIntoSubgraphsAndFunctions) {
  const auto with_body = [](const std::string& op) {
    Graph body;
    body.nodes = {MakeNode(op, "inner", {"outer"}, {"r"})};
    Attribute attribute;
    attribute.name = "then_branch";
    attribute.type = AttributeType::kGraph;
    attribute.value.emplace<std::vector<Graph>>().push_back(std::move(body));
    Model model = ModelOf({MakeNode("If", "choice", {"c"}, {"y"})});
    model.graph.nodes[0].attributes = {attribute};
    model.functions.resize(1);
    model.functions[0].name = "f";
    model.functions[0].nodes = {MakeNode(op, "called", {"a"}, {"b"})};
    return model;
  };
  const Model before = with_body("Relu"), after = with_body("Tanh");
  const ModelDiff diff = DiffModels(before, after);
  ASSERT_THAT(diff.nodes, SizeIs(2));
  EXPECT_EQ(diff.nodes[0].graph, "choice.then_branch");
  EXPECT_EQ(diff.nodes[0].op_before, "Relu");
  EXPECT_EQ(diff.nodes[1].graph, "ai.onnx.f");
}

Attribute TensorOf(const std::string& name) {
  Attribute attribute;
  attribute.name = name;
  attribute.type = AttributeType::kTensor;
  attribute.value.emplace<std::vector<TensorRecord>>(1);
  return attribute;
}

TEST(ModelDiff, CountsTensorsOfWhatIsOnOneSideOnly) {
  Graph body;
  body.nodes = {MakeNode("Constant", "", {}, {"r"})};
  body.nodes[0].attributes = {TensorOf("value")};
  body.initializers.resize(1);
  body.initializers[0].name = "w";
  Attribute branch;
  branch.name = "then_branch";
  branch.type = AttributeType::kGraph;
  branch.value.emplace<std::vector<Graph>>().push_back(std::move(body));
  Model with = ModelOf({MakeNode("If", "choice", {"c"}, {"y"})});
  with.graph.nodes[0].attributes = {branch};
  with.functions.resize(1);
  with.functions[0].name = "f";
  with.functions[0].nodes = {MakeNode("Constant", "k", {}, {"b"})};
  with.functions[0].nodes[0].attributes = {TensorOf("value")};
  const Model without = ModelOf({});
  for (const bool are_removed : {true, false}) {
    const ModelDiff diff = are_removed ? DiffModels(with, without) : DiffModels(without, with);
    std::vector<std::string> names;
    for (const TensorPair& pair : diff.tensors) {
      EXPECT_EQ(pair.before != nullptr, are_removed);
      EXPECT_EQ(pair.after != nullptr, !are_removed);
      names.push_back(pair.graph + "|" + pair.name);
    }
    EXPECT_THAT(names, ElementsAre("choice.then_branch|w", "choice.then_branch|r.value",
                                   "ai.onnx.f|k.value"));
  }
}

TEST(ModelDiff, PairsWeightsByTheirPlaceInTheSameOperatorOnly) {
  Model before = ModelOf({MakeNode("Conv", "", {"x", "w"}, {"y"})});
  before.graph.initializers.resize(1);
  before.graph.initializers[0].name = "w";
  Model after = ModelOf({MakeNode("DequantizeLinear", "", {"q", "s"}, {"y"})});
  after.graph.initializers.resize(1);
  after.graph.initializers[0].name = "s";
  EXPECT_THAT(DiffModels(before, after).tensors, SizeIs(2));
  after.graph.nodes[0].op_type = "Conv";
  EXPECT_THAT(DiffModels(before, after).tensors, SizeIs(1));
}

TEST(ModelDiff, PairsConstantsTensors) {
  Model model = ModelOf({MakeNode("Constant", "", {}, {"c"})});
  model.graph.nodes[0].attributes = {TensorOf("value")};
  const ModelDiff diff = DiffModels(model, model);
  ASSERT_THAT(diff.tensors, SizeIs(1));
  EXPECT_EQ(diff.tensors[0].name, "c.value");
}

TEST(ModelDiff, CyclesRepeatedNamesAndNodesOutOfOrderEnd) {
  std::vector<Node> nodes;
  for (int i = 0; i < 1000; ++i) {
    nodes.push_back(MakeNode("Add", i % 3 == 0 ? "same" : "", {"b", "a", ""}, {"a", "b", "a"}));
  }
  const Model before = ModelOf(nodes);
  nodes.resize(900);
  std::ranges::reverse(nodes);
  const Model after = ModelOf(nodes);
  const ModelDiff diff = DiffModels(before, after);
  EXPECT_EQ(CountOf(diff, NodeChange::Kind::kRemoved), 100u);
  EXPECT_EQ(CountOf(diff, NodeChange::Kind::kAdded), 0u);
}

TEST(ModelDiff, ManyNodesOnOneValueTakeNoSquareOfTime) {
  const auto fan = [](const std::string& op, int64_t tag) {
    std::vector<Node> nodes = {MakeNode("Relu", "root", {"x"}, {"r"})};
    for (int i = 0; i < 100'000; ++i) {
      nodes.push_back(MakeNode(op, "", {"r"}, {op + std::to_string(i)}));
      nodes.back().attributes = {Ints("axes", {tag})};
    }
    return ModelOf(std::move(nodes));
  };
  const Model before = fan("Sum", 1), other = fan("Max", 1), tagged = fan("Sum", 2);
  EXPECT_THAT(DiffModels(before, other).nodes, SizeIs(200'000));
  EXPECT_EQ(CountOf(DiffModels(before, tagged), NodeChange::Kind::kChanged), 100'000u);
}

TEST(ModelDiff, LongNamesOfNestedGraphsAreCut) {
  const std::string name(60'000, 'n');
  Graph graph;
  for (int depth = 0; depth < 20; ++depth) {
    Graph outer;
    outer.nodes = {MakeNode("If", name, {}, {"y"})};
    Attribute attribute;
    attribute.name = "body";
    attribute.type = AttributeType::kGraph;
    attribute.value.emplace<std::vector<Graph>>().push_back(std::move(graph));
    outer.nodes[0].attributes.push_back(std::move(attribute));
    graph = std::move(outer);
  }
  Model before;
  before.graph = graph;
  const Model after = before;
  Graph* inner = &before.graph;
  while (!inner->nodes.empty()) {
    inner = &std::get<std::vector<Graph>>(inner->nodes[0].attributes[0].value)[0];
  }
  inner->nodes.push_back(MakeNode("Relu", "gone", {}, {}));
  const ModelDiff diff = DiffModels(before, after);
  ASSERT_THAT(diff.nodes, SizeIs(1));
  EXPECT_LT(diff.nodes[0].graph.size(), 1000u);
}

}  // namespace
}  // namespace mreg::onnx
