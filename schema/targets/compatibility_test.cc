#include "schema/targets/compatibility.h"

#include <gtest/gtest.h>

#include <memory>

namespace mreg::targets {
namespace {

using onnx::Attribute;
using onnx::AttributeType;
using onnx::Graph;
using onnx::Model;
using onnx::Node;
using onnx::ValueType;

constexpr onnx::DataType kFloat = 1;
constexpr onnx::DataType kInt8 = 3;

ValueType TensorType(onnx::DataType element) {
  ValueType type;
  type.kind = ValueType::Kind::kTensor;
  type.element = element;
  return type;
}

Node MakeNode(const std::string& op, std::vector<std::string> inputs, const std::string& output) {
  Node node;
  node.op_type = op;
  node.inputs = std::move(inputs);
  node.outputs = {output};
  return node;
}

// x of that type, of opset 13.
Model ModelOf(onnx::DataType input, std::vector<Node> nodes) {
  Model model;
  model.ir_version = 8;
  model.opsets = {{"", 13}};
  model.graph.inputs = {{"x", TensorType(input)}};
  model.graph.nodes = std::move(nodes);
  return model;
}

// Has Abs-13 of float, Neg-13 of all, Add of unknown types, Cast to and from anything.
Profile TestProfile() {
  Profile profile;
  profile.name = "test";
  profile.max_ir = 8;
  profile.opsets["ai.onnx"] = {7, 15};
  Kernel abs;
  abs.first = 13;
  abs.last = 15;
  abs.either = {TypeLimits{{{"T", {"tensor(float)"}}}}};
  profile.kernels[{"ai.onnx", "Abs"}] = {abs};
  Kernel any = abs;
  any.either = {TypeLimits{}};
  profile.kernels[{"ai.onnx", "Neg"}] = {any};
  profile.kernels[{"ai.onnx", "Cast"}] = {any};
  profile.kernels[{"ai.onnx", "If"}] = {any};
  Kernel untold;
  untold.first = 7;
  untold.last = 15;
  untold.has_types = false;
  profile.kernels[{"ai.onnx", "Add"}] = {untold};
  return profile;
}

Verdict Check(const Model& model) { return CheckModel(model, TestProfile(), nullptr); }

TEST(CompatibilityTest, WhatIsThereIsSupported) {
  const Verdict verdict = Check(ModelOf(kFloat, {MakeNode("Abs", {"x"}, "y")}));
  EXPECT_EQ(verdict.support, Support::kSupported);
  EXPECT_EQ(verdict.nodes, 1u);
  EXPECT_TRUE(verdict.findings.empty());
}

TEST(CompatibilityTest, TypesGoThroughNodes) {
  // Neg hands its input's type on to Abs.
  const Verdict verdict =
      Check(ModelOf(kInt8, {MakeNode("Neg", {"x"}, "y"), MakeNode("Abs", {"y"}, "z")}));
  ASSERT_EQ(verdict.support, Support::kUnsupported);
  ASSERT_EQ(verdict.findings.size(), 1u);
  EXPECT_EQ(verdict.findings[0].kind, Finding::Kind::kType);
  EXPECT_EQ(verdict.findings[0].op, "Abs");
  EXPECT_EQ(verdict.findings[0].node, "#1");
  EXPECT_NE(verdict.findings[0].message.find("tensor(int8)"), std::string::npos);
  EXPECT_NE(verdict.findings[0].advice.find("tensor(float)"), std::string::npos);
}

TEST(CompatibilityTest, AttributesSayTypes) {
  Node cast = MakeNode("Cast", {"x"}, "y");
  cast.attributes = {{"to", "", AttributeType::kInt, int64_t{kInt8}}};
  EXPECT_EQ(Check(ModelOf(kFloat, {cast, MakeNode("Abs", {"y"}, "z")})).support,
            Support::kUnsupported);
  cast.attributes[0].value = int64_t{kFloat};
  EXPECT_EQ(Check(ModelOf(kInt8, {cast, MakeNode("Abs", {"y"}, "z")})).support,
            Support::kSupported);
}

TEST(CompatibilityTest, WhatIsNotToldIsUnknown) {
  EXPECT_EQ(Check(ModelOf(kFloat, {MakeNode("Add", {"x", "x"}, "y")})).support, Support::kUnknown);
  EXPECT_EQ(Check(ModelOf(kFloat, {MakeNode("Abs", {"from nowhere"}, "y")})).support,
            Support::kUnknown);
  EXPECT_EQ(Check(ModelOf(kFloat, {MakeNode("Neg", {"from nowhere"}, "y")})).support,
            Support::kSupported);
}

TEST(CompatibilityTest, AMissingOperatorIsUnsupportedUnlessTheProfileIsOpen) {
  const Model model = ModelOf(kFloat, {MakeNode("Erf", {"x"}, "y"), MakeNode("Erf", {"y"}, "z")});
  const Verdict verdict = Check(model);
  ASSERT_EQ(verdict.findings.size(), 1u);
  EXPECT_EQ(verdict.findings[0].kind, Finding::Kind::kOperator);
  EXPECT_EQ(verdict.findings[0].nodes, 2u);
  Profile open = TestProfile();
  open.is_open = true;
  EXPECT_EQ(CheckModel(model, open, nullptr).support, Support::kUnknown);
}

TEST(CompatibilityTest, AnotherVersionOfAnOperatorIsAdvised) {
  Model model = ModelOf(kFloat, {MakeNode("Abs", {"x"}, "y")});
  model.opsets = {{"", 12}};
  const Verdict verdict = Check(model);
  ASSERT_EQ(verdict.findings.size(), 1u);
  EXPECT_NE(verdict.findings[0].advice.find("13"), std::string::npos);
}

TEST(CompatibilityTest, LimitsOfVersionsAndMemoryHold) {
  Model model = ModelOf(kFloat, {MakeNode("Abs", {"x"}, "y")});
  model.ir_version = 9;
  EXPECT_EQ(Check(model).findings.at(0).kind, Finding::Kind::kIr);
  model.ir_version = 8;
  model.opsets = {{"", 16}};
  EXPECT_EQ(Check(model).findings.at(0).kind, Finding::Kind::kOpset);
  model.opsets = {{"", 13}};
  onnx::TensorRecord weights;
  weights.type = kFloat;
  weights.dims = {1000};
  weights.is_external = true;
  model.graph.initializers = {weights};
  Profile small = TestProfile();
  small.memory = 3999;
  EXPECT_EQ(CheckModel(model, small, nullptr).findings.at(0).kind, Finding::Kind::kMemory);
  small.memory = 4000;
  EXPECT_EQ(CheckModel(model, small, nullptr).support, Support::kSupported);
}

TEST(CompatibilityTest, RefusedAttributesAreUnsupported) {
  Profile profile = TestProfile();
  profile.kernels[{"ai.onnx", "Neg"}][0].refused = {{"layout", "1"}};
  Node node = MakeNode("Neg", {"x"}, "y");
  EXPECT_EQ(CheckModel(ModelOf(kFloat, {node}), profile, nullptr).support, Support::kSupported);
  node.attributes = {{"layout", "", AttributeType::kInt, int64_t{1}}};
  const Verdict verdict = CheckModel(ModelOf(kFloat, {node}), profile, nullptr);
  EXPECT_EQ(verdict.findings.at(0).kind, Finding::Kind::kAttribute);
  node.attributes[0].value = int64_t{7};
  EXPECT_EQ(CheckModel(ModelOf(kFloat, {node}), profile, nullptr).support, Support::kSupported);
  profile.kernels[{"ai.onnx", "Neg"}][0].refused = {{"layout", kAnyValue}};
  EXPECT_EQ(CheckModel(ModelOf(kFloat, {node}), profile, nullptr).support, Support::kUnsupported);
}

TEST(CompatibilityTest, AFallbackRunsWhatTheTargetDoesNot) {
  Profile device;
  device.name = "device";
  const Profile cpu = TestProfile();
  const Model model = ModelOf(kFloat, {MakeNode("Abs", {"x"}, "y")});
  EXPECT_EQ(CheckModel(model, device, nullptr).support, Support::kUnsupported);
  const Verdict verdict = CheckModel(model, device, &cpu);
  EXPECT_EQ(verdict.support, Support::kSupported);
  EXPECT_EQ(verdict.fallback_nodes, 1u);
}

TEST(CompatibilityTest, LooksIntoGraphsWithinGraphs) {
  Graph branch;
  branch.nodes = {MakeNode("Erf", {"x"}, "inner")};
  branch.outputs = {{"inner", TensorType(kFloat)}};
  Node node = MakeNode("If", {"x"}, "y");
  node.attributes = {{"then_branch", "", AttributeType::kGraph, std::vector<Graph>{branch}}};
  const Verdict verdict = Check(ModelOf(kFloat, {node}));
  EXPECT_EQ(verdict.support, Support::kUnsupported);
  EXPECT_EQ(verdict.nodes, 2u);
}

TEST(CompatibilityTest, FunctionsAreLookedIntoAndMayNotGoRound) {
  onnx::Function function;
  function.domain = "own";
  function.name = "F";
  function.inputs = {"a"};
  function.outputs = {"b"};
  function.opsets = {{"", 13}, {"own", 1}};
  function.nodes = {MakeNode("Abs", {"a"}, "b")};
  Node call = MakeNode("F", {"x"}, "y");
  call.domain = "own";
  Model model = ModelOf(kFloat, {call});
  model.functions = {function};
  EXPECT_EQ(Check(model).support, Support::kSupported);
  model.graph.inputs = {{"x", TensorType(kInt8)}};
  EXPECT_EQ(Check(model).support, Support::kUnsupported);
  model.functions[0].nodes = {call};
  EXPECT_EQ(Check(model).findings.at(0).kind, Finding::Kind::kModel);
}

TEST(CompatibilityTest, AFunctionsAttributesComeFromItsCaller) {
  onnx::Function function;
  function.domain = "own";
  function.name = "ToType";
  function.inputs = {"a"};
  function.outputs = {"b"};
  function.opsets = {{"", 13}};
  Node cast = MakeNode("Cast", {"a"}, "b");
  cast.attributes = {{"to", "kind", AttributeType::kInt, {}}};
  function.nodes = {cast};
  Node call = MakeNode("ToType", {"x"}, "y");
  call.domain = "own";
  call.attributes = {{"kind", "", AttributeType::kInt, int64_t{kInt8}}};
  Model model = ModelOf(kFloat, {call, MakeNode("Abs", {"y"}, "z")});
  model.functions = {function};
  EXPECT_EQ(Check(model).support, Support::kUnsupported);
  model.graph.nodes[0].attributes[0].value = int64_t{kFloat};
  EXPECT_EQ(Check(model).support, Support::kSupported);
}

TEST(CompatibilityTest, ADomainThatIsNotImportedIsUnsupported) {
  Node node = MakeNode("Abs", {"x"}, "y");
  node.domain = "elsewhere";
  EXPECT_EQ(Check(ModelOf(kFloat, {node})).findings.at(0).kind, Finding::Kind::kDomain);
}

// A function of a hundred calls of a function of a hundred calls, and so on: 10^10 nodes.
Model FunctionsOfFunctions() {
  Model model = ModelOf(kFloat, {MakeNode("F0", {"x"}, "y")});
  constexpr int kLevels = 5, kCalls = 100;
  for (int level = 0; level < kLevels; ++level) {
    onnx::Function function;
    function.name = "F" + std::to_string(level);
    function.inputs = {"x"};
    function.outputs = {"y"};
    function.opsets = {{"", 13}};
    const std::string called = level + 1 < kLevels ? "F" + std::to_string(level + 1) : "Neg";
    for (int i = 0; i < kCalls; ++i) function.nodes.push_back(MakeNode(called, {"x"}, "y"));
    model.functions.push_back(std::move(function));
  }
  return model;
}

TEST(Compatibility, AModelThatIsTooLargeIsUnknownInABoundedTime) {
  std::vector<Node> nodes(kMaxNodes, MakeNode("Neg", {"x"}, "y"));
  Model large = ModelOf(kFloat, nodes);
  EXPECT_EQ(CheckModel(large, TestProfile(), nullptr).support, Support::kSupported);
  large.graph.nodes.push_back(nodes.front());
  const Model wide = ModelOf(
      kFloat,
      std::vector<Node>(10, MakeNode("Neg", std::vector<std::string>(kMaxValues / 9, "x"), "y")));
  const Model models[] = {std::move(large), FunctionsOfFunctions(), wide};
  for (const Model& model : models) {
    const Verdict verdict = CheckModel(model, TestProfile(), nullptr);
    EXPECT_EQ(verdict.support, Support::kUnknown);
    EXPECT_TRUE(verdict.is_too_large);
    EXPECT_EQ(verdict.findings, TooLarge().findings);
    EXPECT_TRUE(verdict.findings[0].message.starts_with("too large: more than 500000 nodes"));
  }
  // What was seen to be missing before is not forgotten.
  Model wrong = FunctionsOfFunctions();
  wrong.graph.nodes.insert(wrong.graph.nodes.begin(), MakeNode("Erf", {"x"}, "z"));
  EXPECT_EQ(CheckModel(wrong, TestProfile(), nullptr).support, Support::kUnsupported);
}

}  // namespace
}  // namespace mreg::targets
