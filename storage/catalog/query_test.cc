#include "storage/catalog/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace mreg::catalog {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

Query Parsed(std::string_view text) {
  auto query = ParseQuery(text);
  EXPECT_TRUE(query.ok()) << text << ": " << query.status();
  return query.ok() ? *std::move(query) : Query();
}

std::string Problem(std::string_view text) {
  const auto query = ParseQuery(text);
  EXPECT_TRUE(absl::IsInvalidArgument(query.status())) << text;
  return std::string(query.status().message());
}

Interval OnlyInterval(std::string_view text) {
  const Query query = Parsed(text);
  EXPECT_THAT(query.numbers, SizeIs(1)) << text;
  EXPECT_THAT(query.numbers.at(0).intervals, SizeIs(1)) << text;
  return query.numbers.at(0).intervals.at(0);
}

void ExpectInterval(std::string_view text, int64_t least, int64_t most) {
  const Interval found = OnlyInterval(text);
  EXPECT_EQ(found.least, least) << text;
  EXPECT_EQ(found.most, most) << text;
}

TEST(QueryTest, NothingIsEverything) {
  const Query query = Parsed("  \t ");
  EXPECT_THAT(query.terms, IsEmpty());
  EXPECT_THAT(query.numbers, IsEmpty());
  EXPECT_THAT(query.texts, IsEmpty());
  EXPECT_FALSE(query.has_all_versions);
  EXPECT_EQ(query.sort, Sort::kRelevance);
}

TEST(QueryTest, TheExampleOfTheDesignIsUnderstood) {
  const Query query =
      Parsed("op:Conv opset<=17 dtype:fp16 size<50MB target:ort-1.17-cpu validated:yes vad");
  ASSERT_THAT(query.terms, SizeIs(4));
  EXPECT_THAT(query.terms[0].terms, ElementsAre("op:conv"));
  EXPECT_THAT(query.terms[1].terms, ElementsAre("dtype:float16"));
  EXPECT_THAT(query.terms[2].terms, ElementsAre("target:ort-1.17-cpu"));
  EXPECT_THAT(query.terms[3].terms, ElementsAre("validated:yes"));
  ASSERT_THAT(query.numbers, SizeIs(2));
  EXPECT_EQ(query.numbers[0].number, Number::kOpset);
  EXPECT_EQ(query.numbers[0].intervals[0].most, 17);
  EXPECT_EQ(query.numbers[1].number, Number::kSize);
  EXPECT_EQ(query.numbers[1].intervals[0].most, 49'999'999);
  ASSERT_THAT(query.texts, SizeIs(1));
  EXPECT_EQ(query.texts[0].phrase, "vad");
}

TEST(QueryTest, ValidatedIsYesOrNoOrATarget) {
  const Query query = Parsed("validated:ORT-1.17-cpu,edge validated:no -validated:edge");
  ASSERT_THAT(query.terms, SizeIs(3));
  EXPECT_THAT(query.terms[0].terms, ElementsAre("validated:ort-1.17-cpu", "validated:edge"));
  EXPECT_FALSE(query.terms[0].is_negated);
  EXPECT_THAT(query.terms[1].terms, ElementsAre("validated:yes"));
  EXPECT_TRUE(query.terms[1].is_negated);
  EXPECT_TRUE(query.terms[2].is_negated);
}

TEST(QueryTest, SeveralValuesAreAnyOf) {
  const Query query = Parsed("license:MIT,\"Apache 2.0, with extras\" DTYPE:fp32,bf16,i8");
  EXPECT_THAT(query.terms[0].terms, ElementsAre("license:mit", "license:apache 2.0, with extras"));
  EXPECT_THAT(query.terms[1].terms, ElementsAre("dtype:float", "dtype:bfloat16", "dtype:int8"));
}

TEST(QueryTest, ComparisonsBecomeIntervals) {
  ExpectInterval("opset<=17", 0, 17);
  ExpectInterval("opset<17", 0, 16);
  ExpectInterval("opset>17", 18, kMost);
  ExpectInterval("opset>=17", 17, kMost);
  ExpectInterval("opset=17", 17, 17);
  ExpectInterval("opset:17", 17, 17);
  ExpectInterval("ir>=8", 8, kMost);
  ExpectInterval("nodes<2k", 0, 1'999);
  EXPECT_THAT(Parsed("opset:11,13").numbers.at(0).intervals, SizeIs(2));
}

TEST(QueryTest, AmountsHaveUnits) {
  ExpectInterval("size<=2", 0, 2);
  ExpectInterval("size<=2kB", 0, 2'000);
  ExpectInterval("size<=2KiB", 0, 2'048);
  ExpectInterval("size<=1.5MiB", 0, 3 << 19);
  ExpectInterval("size>=1.5gb", 1'500'000'000, kMost);
  ExpectInterval("params<7B", 0, 6'999'999'999);
  ExpectInterval("params>0.5k", 501, kMost);
  ExpectInterval("size<1.5", 0, 1);
  ExpectInterval("size<=99999999999999999999999TB", 0, int64_t{1} << 60);
}

TEST(QueryTest, AFractionEqualsNoWholeNumber) {
  const Interval found = OnlyInterval("size=1.5");
  EXPECT_GT(found.least, found.most);
}

TEST(QueryTest, AMinusNegates) {
  const Query query = Parsed("-op:Loop -opset<10 -onnx tag:x");
  EXPECT_TRUE(query.terms[0].is_negated);
  EXPECT_FALSE(query.terms[1].is_negated);
  EXPECT_TRUE(query.numbers[0].is_negated);
  EXPECT_TRUE(query.texts[0].is_negated);
  EXPECT_EQ(query.texts[0].phrase, "onnx");
}

TEST(QueryTest, NoIsNotYes) {
  for (const auto& [text, is_negated] : {std::pair{"quantized:yes", false},
                                         {"quantised:no", true},
                                         {"-quantised:no", false},
                                         {"-quantized:yes", true},
                                         {"quantized:FALSE", true}}) {
    const Query query = Parsed(text);
    EXPECT_THAT(query.terms.at(0).terms, ElementsAre("quantised:yes"));
    EXPECT_EQ(query.terms.at(0).is_negated, is_negated) << text;
  }
}

TEST(QueryTest, QuotesKeepWordsTogetherAndKeysOut) {
  const Query query = Parsed("\"voice activity\" \"op:Conv\" bert-base C++");
  ASSERT_THAT(query.texts, SizeIs(4));
  EXPECT_EQ(query.texts[0].phrase, "voice activity");
  EXPECT_EQ(query.texts[1].phrase, "op:Conv");
  EXPECT_EQ(query.texts[2].phrase, "bert-base");
  EXPECT_THAT(query.terms, IsEmpty());
}

TEST(QueryTest, VersionAndSortAreSettings) {
  EXPECT_TRUE(Parsed("version:all").has_all_versions);
  EXPECT_FALSE(Parsed("version:latest").has_all_versions);
  EXPECT_EQ(Parsed("sort:updated").sort, Sort::kUpdated);
  EXPECT_EQ(Parsed("sort:Size").sort, Sort::kSize);
  EXPECT_EQ(Parsed("sort:params").sort, Sort::kParameters);
}

TEST(QueryTest, AnUnknownKeyIsToldItsNearest) {
  EXPECT_THAT(Problem("licence:mit"), HasSubstr("'licence' is no key; the nearest is 'license'"));
  EXPECT_THAT(Problem("ops:Conv"), HasSubstr("'ops'"));
  EXPECT_THAT(Problem("http://x"), HasSubstr("in quotes"));
}

TEST(QueryTest, ProblemsNameTheItem) {
  EXPECT_THAT(Problem("vad size<big"), HasSubstr("'size<big': 'size' is a number such as 50MB"));
  EXPECT_THAT(Problem("opset<17k"), HasSubstr("such as 17"));
  EXPECT_THAT(Problem("opset<1,2"), HasSubstr("several"));
  EXPECT_THAT(Problem("license<mit"), HasSubstr("write license:VALUE"));
  EXPECT_THAT(Problem("quantised:maybe"), HasSubstr("yes or no"));
  EXPECT_THAT(Problem("quantised:yes,no"), HasSubstr("yes or no"));
  EXPECT_THAT(Problem("sort:age"), HasSubstr("'sort' is"));
  EXPECT_THAT(Problem("-version:all"), HasSubstr("'version' is"));
  EXPECT_THAT(Problem("op:"), HasSubstr("missing"));
  EXPECT_THAT(Problem("op:a,,b"), HasSubstr("missing"));
  EXPECT_THAT(Problem("size<"), HasSubstr("missing"));
  EXPECT_THAT(Problem("-"), HasSubstr("nothing to search for"));
  EXPECT_THAT(Problem("\"\""), HasSubstr("nothing to search for"));
  EXPECT_THAT(Problem("say \"hello"), HasSubstr("not closed"));
  EXPECT_THAT(Problem(std::string_view("a\0b", 3)), HasSubstr("control character"));
  EXPECT_THAT(Problem("\x1b[2J"), HasSubstr("control character"));
}

TEST(QueryTest, WhatIsTooMuchIsRefused) {
  EXPECT_THAT(Problem(std::string(5'000, 'a')), HasSubstr("longer than"));
  std::string items, values = "op:a";
  for (int i = 0; i < 65; ++i) items += "op:a ";
  for (int i = 0; i < 256; ++i) values += ",a";
  std::string words, dashes;
  for (int i = 0; i < 33; ++i) words += "a ", dashes += "\u00e9\u2014";
  EXPECT_THAT(Problem(words), HasSubstr("more than 32 words"));
  EXPECT_THAT(Problem("\"" + words + "\""), HasSubstr("more than 32 words"));
  EXPECT_THAT(Problem(dashes), HasSubstr("more than 32 words"));
  EXPECT_TRUE(ParseQuery(words.substr(2)).ok());
  EXPECT_THAT(Problem(items), HasSubstr("more than 64 items"));
  EXPECT_THAT(Problem(values), HasSubstr("more than 256 values"));
}

}  // namespace
}  // namespace mreg::catalog
