#include "schema/targets/type_text.h"

#include <gtest/gtest.h>

#include <set>

#include "schema/targets/operators.h"

namespace mreg::targets {
namespace {

TEST(TypeTextTest, ReadsWhatItWrites) {
  for (const char* const text : {"tensor(float)", "tensor(float8e4m3fnuz)", "sparse_tensor(int4)",
                                 "seq(tensor(string))", "optional(seq(tensor(bool)))",
                                 "map(int64,tensor(float))", "seq(map(string,tensor(float)))"}) {
    const auto type = ParseType(text);
    ASSERT_TRUE(type) << text;
    EXPECT_EQ(onnx::TypeName(*type), text);
  }
  EXPECT_EQ(CanonicalType("seq(map(int64, float))"), "seq(map(int64,tensor(float)))");
}

TEST(TypeTextTest, RefusesWhatIsNoType) {
  for (const char* const text : {"", "float", "tensor(", "tensor()", "tensor(floaty)", "seq(float)",
                                 "map(int64)", "opaque", "T"}) {
    EXPECT_FALSE(ParseType(text)) << text;
  }
  std::string deep = "tensor(float)";
  for (int i = 0; i < 1000; ++i) deep = "seq(" + deep + ")";
  EXPECT_FALSE(ParseType(deep));
}

TEST(TypeTextTest, KnowsEveryTypeOfEverySchema) {
  std::set<std::string_view> unknown;
  for (const onnx::OperatorSchema* const schema : AllOperators()) {
    for (const onnx::OperatorConstraint& constraint : schema->constraints) {
      for (const std::string_view type : *constraint.types) {
        if (!ParseType(type) && type.find("float6e") == std::string_view::npos)
          unknown.insert(type);
      }
    }
  }
  EXPECT_TRUE(unknown.empty()) << *unknown.begin();
}

}  // namespace
}  // namespace mreg::targets
