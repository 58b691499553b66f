#include "cli/facts_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mreg::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Format(const onnx::ModelFacts& facts) {
  return FormatFacts(terminal::Terminal(nullptr, nullptr, {}), facts);
}

TEST(FactsTextTest, TellsWhatIsThere) {
  onnx::ModelFacts facts;
  facts.producer_name = "pytorch";
  facts.producer_version = "2.1";
  facts.opsets = {{"ai.onnx", 17, 14, 3}, {"ai.onnx.ml", 3, 0, 0}, {"com.acme", 0, 0, 1}};
  facts.operators = {{"ai.onnx", "Conv", 11, false, 2}, {"com.acme", "Fast", 0, false, 1}};
  facts.types = {{1, 2, 44'000'000, 176'000'000}};
  facts.parameters = 44'000'000;
  facts.parameter_bytes = 176'000'000;
  facts.nodes = 3;
  facts.graphs = 1;
  facts.dangers = {{onnx::ModelDanger::Kind::kCustomDomain, "com.acme"}};
  EXPECT_EQ(Format(facts),
            "  producer    pytorch 2.1\n"
            "  opsets      ai.onnx 17 (needs 14)\n"
            "              ai.onnx.ml 3 (not used)\n"
            "              com.acme (not imported)\n"
            "  parameters  44 M, 176 MB\n"
            "  types       44 M float in 2 tensors\n"
            "  nodes       3\n"
            "  operators   Conv x2, com.acme.Fast\n"
            "  warning: operators that ONNX does not define: com.acme\n");
}

TEST(FactsTextTest, HostileNamesNeitherMoveTheCursorNorFillTheScreen) {
  const std::string hostile = "a\tb\x1b[2J\xe2\x80\xae" + std::string(5000, 'x');
  onnx::ModelFacts facts;
  facts.producer_name = facts.graph_name = facts.doc = facts.domain = hostile;
  facts.inputs = {{hostile, {}}};
  facts.metadata = {{hostile, hostile}};
  facts.operators = {{hostile, hostile, 0, false, 1}};
  facts.external = {{hostile, 1, 1, false}};
  facts.dangers = {{onnx::ModelDanger::Kind::kContextPath, hostile}};
  const std::string text = Format(facts);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\t")));
  EXPECT_THAT(text, Not(HasSubstr("\xe2\x80\xae")));
}

}  // namespace
}  // namespace mreg::cli
