#include "cli/model_change.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mreg::cli {
namespace {

using onnx::ChangeStatistics;
using onnx::NodeChange;
using onnx::TensorChange;
using testing::HasSubstr;
using testing::Not;

onnx::TensorRecord Tensor(onnx::DataType type) {
  onnx::TensorRecord tensor;
  tensor.type = type;
  tensor.dims = {2, 3};
  return tensor;
}

ModelChange SomeChange(const onnx::TensorRecord& before, const onnx::TensorRecord& after) {
  ModelChange change;
  change.graph.opsets = {{"ai.onnx", "17", "18"}};
  change.graph.outputs = {{"y", std::nullopt, "tensor(float) 4"}};
  NodeChange node;
  node.name = "conv";
  node.op = "Conv";
  node.attributes = {{"strides", "[1, 1]", "[2, 2]"}};
  node.inputs = {{"1", "a", std::nullopt}};
  change.graph.nodes = {node};
  change.graph.renamed_nodes = 2;
  change.tensors.changes = {{TensorChange::Kind::kChanged,
                             {"", "w", "v", &before, &after},
                             ChangeStatistics{6, 3, 0, 0.5, 0.125, 0.25}}};
  change.tensors.tensors = 4;
  change.tensors.elements = 12;
  change.tensors.changed_elements = 3;
  return change;
}

TEST(ModelChangeTest, ListsWhatChanged) {
  const auto before = Tensor(1), after = Tensor(10);
  const ModelChange change = SomeChange(before, after);
  EXPECT_EQ(FormatModelChange(change, ChangeDetail::kLists),
            "  opsets   ~ ai.onnx  17 -> 18\n"
            "  outputs  + y  tensor(float) 4\n"
            "  nodes    1 changed, 2 renamed\n"
            "           ~ Conv  conv: strides [1, 1] -> [2, 2]; input 1 - a\n"
            "  tensors  1 changed; 4 now; 25 % of 12 weights changed\n"
            "           ~ w (was v)  float 2 x 3 -> float16 2 x 3: 50 % changed, max 0.5, "
            "mean 0.125, relative 0.25\n");
  EXPECT_EQ(FormatModelChange(change, ChangeDetail::kSummary),
            "  opsets   ~ ai.onnx  17 -> 18\n"
            "  outputs  1 changed\n"
            "  nodes    1 changed, 2 renamed\n"
            "  tensors  1 changed; 4 now; 25 % of 12 weights changed\n");
  EXPECT_EQ(FormatModelChange(ModelChange(), ChangeDetail::kLists), "");
}

TEST(ModelChangeTest, CutsLongListsAndEscapesNames) {
  const std::string hostile = "a\tb\x1b[2J\xe2\x80\xae" + std::string(5000, 'x');
  ModelChange change;
  change.graph.head = {{hostile, hostile, hostile}};
  NodeChange node;
  node.name = node.op = node.op_before = node.graph = hostile;
  node.attributes.assign(50, {hostile, hostile, hostile});
  change.graph.nodes.assign(67, node);
  const std::string text = FormatModelChange(change, ChangeDetail::kLists);
  EXPECT_THAT(text, HasSubstr("... and 37 more\n"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\t")));
  EXPECT_THAT(text, Not(HasSubstr("\xe2\x80\xae")));
  EXPECT_LT(text.size(), 100'000u);
}

TEST(ModelChangeTest, ListsTheLargestTensorsOfManyInTheirOrder) {
  std::vector<onnx::TensorRecord> tensors(50);
  ModelChange change;
  for (size_t i = 0; i < tensors.size(); ++i) {
    tensors[i].type = 1;
    tensors[i].dims = {i % 2 == 0 ? 1000 : 1};
    const std::string name = "w" + std::to_string(i);
    change.tensors.changes.push_back(
        {TensorChange::Kind::kAdded, {"", name, "", nullptr, &tensors[i]}, std::nullopt});
  }
  const std::string text = FormatModelChange(change, ChangeDetail::kLists);
  EXPECT_THAT(text, HasSubstr("+ w0  float 1000\n"));
  EXPECT_THAT(text, HasSubstr("+ w48  float 1000\n"));
  EXPECT_LT(text.find("w46 "), text.find("w48 "));
  EXPECT_THAT(text, HasSubstr("+ w9  float 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("+ w11 ")));
  EXPECT_THAT(text, HasSubstr("... and 20 smaller ones\n"));
}

}  // namespace
}  // namespace mreg::cli
