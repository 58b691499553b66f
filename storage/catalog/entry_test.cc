#include "storage/catalog/entry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mreg::catalog {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

constexpr onnx::DataType kFloat = 1, kInt8 = 3, kInt64 = 7;

Entry EntryOf(const onnx::ModelFacts& facts) {
  Entry entry;
  AddFacts(facts, entry);
  return entry;
}

TEST(AddFactsTest, FactsBecomeTermsAndNumbers) {
  onnx::ModelFacts facts;
  facts.ir_version = 8;
  facts.producer_name = "pytorch";
  facts.parameters = 7;
  facts.nodes = 3;
  facts.opsets = {{"ai.onnx", 17, 13, 2}, {"com.acme", 1, 0, 1}};
  facts.operators = {{"ai.onnx", "Conv", 11, false, 2}, {"com.acme", "Conv", 0, false, 1}};
  const Entry entry = EntryOf(facts);
  EXPECT_THAT(entry.terms,
              UnorderedElementsAre(Term{"producer", "pytorch"}, Term{"domain", "ai.onnx"},
                                   Term{"domain", "com.acme"}, Term{"opset", "17"},
                                   Term{"op", "Conv"}, Term{"op", "com.acme.Conv"}));
  EXPECT_EQ(entry.summary.numbers[Number::kOpset], 17);
  EXPECT_EQ(entry.summary.numbers[Number::kIr], 8);
  EXPECT_EQ(entry.summary.numbers[Number::kParameters], 7);
  EXPECT_EQ(entry.summary.numbers[Number::kNodes], 3);
  EXPECT_EQ(entry.summary.numbers[Number::kSize], kUnknown);
  EXPECT_THAT(entry.facts, HasSubstr("pytorch"));
}

TEST(AddFactsTest, ATypeOfFewBytesIsNoTerm) {
  onnx::ModelFacts facts;
  facts.types = {{kInt8, 1, 990, 990}, {kFloat, 1, 3, 10}, {kInt64, 1, 1, 8}};
  facts.parameter_bytes = 1'008;
  const Entry entry = EntryOf(facts);
  EXPECT_THAT(entry.terms, UnorderedElementsAre(Term{"dtype", "int8"}, Term{"dtype", "float"}));
  EXPECT_EQ(entry.summary.dtype, "int8");
}

TEST(AddFactsTest, WhatIsSpecialIsATermOfItsOwn) {
  onnx::ModelFacts facts;
  facts.quantisation.qdq = 1;
  facts.external = {{"w.bin", 1, 1, true}};
  facts.dangers = {{onnx::ModelDanger::Kind::kCustomDomain, "com.acme"},
                   {onnx::ModelDanger::Kind::kCustomDomain, "org.other"}};
  EXPECT_THAT(EntryOf(facts).terms,
              UnorderedElementsAre(Term{"quantised", "yes"}, Term{"external", "yes"},
                                   Term{"danger", "custom_domain"}, Term{"danger", "yes"},
                                   Term{"custom", "yes"}));
}

TEST(AddFactsTest, MetadataIsSearched) {
  onnx::ModelFacts facts;
  facts.graph_name = "main_graph";
  facts.metadata = {{"author", "Ada"}};
  const Entry entry = EntryOf(facts);
  EXPECT_THAT(entry.details, HasSubstr("main_graph"));
  EXPECT_THAT(entry.details, HasSubstr("Ada"));
}

TEST(AddFactsTest, CountsThatAreTooLargeStayPositive) {
  onnx::ModelFacts facts;
  facts.parameters = UINT64_MAX;
  EXPECT_GT(EntryOf(facts).summary.numbers[Number::kParameters], 0);
}

}  // namespace
}  // namespace mreg::catalog
