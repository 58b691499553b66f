#include "schema/onnx/operator_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mreg::onnx {
namespace {

using testing::Contains;
using testing::SizeIs;

const OperatorTable& Table() { return OperatorTable::Get(); }

int64_t Since(std::string_view domain, std::string_view name, int64_t opset) {
  const OperatorSchema* const schema = Table().Find(domain, name, opset);
  return schema == nullptr ? 0 : schema->since;
}

TEST(OperatorTable, FindsTheVersionThatAnOpsetMeans) {
  EXPECT_EQ(Since("ai.onnx", "Relu", 1), 1);
  EXPECT_EQ(Since("ai.onnx", "Relu", 5), 1);
  EXPECT_EQ(Since("ai.onnx", "Relu", 6), 6);
  EXPECT_EQ(Since("ai.onnx", "Relu", 12), 6);
  EXPECT_EQ(Since("ai.onnx", "Relu", 17), 14);
  EXPECT_EQ(Since("", "Relu", 17), 14);
  EXPECT_EQ(Since("ai.onnx.ml", "Scaler", 3), 1);
}

TEST(OperatorTable, FindsNothingWhereThereIsNothing) {
  EXPECT_EQ(Table().Find("ai.onnx", "Gelu", 19), nullptr);  // came with 20
  EXPECT_EQ(Table().Find("ai.onnx", "Relu", 0), nullptr);
  EXPECT_EQ(Table().Find("ai.onnx", "NoSuchOperator", 17), nullptr);
  EXPECT_EQ(Table().Find("com.example", "Relu", 1), nullptr);
  EXPECT_EQ(Table().Find("ai.onnx", "", 17), nullptr);
}

TEST(OperatorTable, KnowsDomains) {
  EXPECT_GE(Table().NewestOpset("ai.onnx"), 27);
  EXPECT_GE(Table().NewestOpset(""), 27);
  EXPECT_GE(Table().NewestOpset("ai.onnx.ml"), 5);
  EXPECT_EQ(Table().NewestOpset("com.microsoft"), 0);
}

TEST(OperatorTable, TellsParametersTypesAndAttributes) {
  const OperatorSchema* const clip = Table().Find("", "Clip", 13);
  ASSERT_NE(clip, nullptr);
  ASSERT_THAT(clip->inputs, SizeIs(3));
  EXPECT_EQ(clip->inputs[0].type, "T");
  EXPECT_EQ(clip->inputs[1].count, OperatorParameter::Count::kOptional);
  ASSERT_THAT(clip->constraints, SizeIs(1));
  EXPECT_EQ(clip->constraints[0].name, "T");
  EXPECT_THAT(*clip->constraints[0].types, Contains("tensor(bfloat16)"));
  EXPECT_TRUE(clip->is_function);

  const OperatorSchema* const concat = Table().Find("", "Concat", 13);
  ASSERT_NE(concat, nullptr);
  ASSERT_THAT(concat->attributes, SizeIs(1));
  EXPECT_EQ(concat->attributes[0].name, "axis");
  EXPECT_EQ(concat->attributes[0].type, "INT");
  EXPECT_TRUE(concat->attributes[0].is_required);
  EXPECT_TRUE(Table().Find("", "Upsample", 10)->is_deprecated);
}

TEST(OperatorTable, LastVariadicParameterTakesTheRest) {
  const OperatorSchema* const concat = Table().Find("", "Concat", 13);
  EXPECT_EQ(ParameterAt(concat->inputs, 7), &concat->inputs[0]);
  const OperatorSchema* const relu = Table().Find("", "Relu", 14);
  EXPECT_EQ(ParameterAt(relu->inputs, 0), &relu->inputs[0]);
  EXPECT_EQ(ParameterAt(relu->inputs, 1), nullptr);
  EXPECT_EQ(ParameterAt({}, 0), nullptr);
}

// Whatever a parameter's type is, it is a type or a constraint that the operator has.
TEST(OperatorTable, IsWhole) {
  EXPECT_GT(Table().schemas().size(), 600u);
  for (const OperatorSchema& schema : Table().schemas()) {
    for (const auto* const parameters : {&schema.inputs, &schema.outputs}) {
      for (const OperatorParameter& parameter : *parameters) {
        const bool is_type = parameter.type.find('(') != std::string_view::npos;
        EXPECT_TRUE(is_type || std::ranges::any_of(schema.constraints,
                                                   [&](const auto& constraint) {
                                                     return constraint.name == parameter.type;
                                                   }))
            << schema.name << " " << parameter.type;
      }
    }
    for (const OperatorConstraint& constraint : schema.constraints) {
      EXPECT_FALSE(constraint.types->empty()) << schema.name;
      for (const std::string_view type : *constraint.types) {
        EXPECT_TRUE(type.ends_with(')')) << schema.name << " " << type;
      }
    }
  }
}

}  // namespace
}  // namespace mreg::onnx
