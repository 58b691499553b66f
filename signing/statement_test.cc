#include "signing/statement.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace mreg::signing {
namespace {

const std::string kDigest(64, 'a');

std::string Text(const std::string& subject, const std::string& rest) {
  return fmt::format(R"({{"_type":"{}","subject":{},{}}})", kStatementType, subject, rest);
}
std::string OneSubject() {
  return fmt::format(R"([{{"name":"m","digest":{{"sha256":"{}"}}}}])", kDigest);
}
std::string Of(const std::string& type, const std::string& predicate) {
  return Text(OneSubject(), fmt::format(R"("predicateType":"{}","predicate":{})", type, predicate));
}
std::string TestSaying(const std::string& predicate) {
  return Of(std::string(kTestResultType), predicate);
}

TEST(Statement, TellsSubjectsAndTheTestsResult) {
  const auto statement = ParseStatement(
      TestSaying(R"({"result":"PASSED","configuration":[{"name":"device"},7,{"name":"target",)"
                 R"("annotations":{"profile":"ort-1.17.1-cpu"}}]})"));
  ASSERT_TRUE(statement.ok()) << statement.status();
  ASSERT_EQ(statement->subjects.size(), 1u);
  EXPECT_EQ(statement->subjects[0].name, "m");
  EXPECT_EQ(statement->subjects[0].sha256, kDigest);
  EXPECT_EQ(statement->test->result, "PASSED");
  EXPECT_EQ(statement->test->target, "ort-1.17.1-cpu");
}

TEST(Statement, OtherPredicatesAreTakenAsTheyAre) {
  const auto statement = ParseStatement(Of("https://slsa.dev/provenance/v1", R"({"result":7})"));
  ASSERT_TRUE(statement.ok()) << statement.status();
  EXPECT_EQ(statement->predicate_type, "https://slsa.dev/provenance/v1");
  EXPECT_FALSE(statement->test.has_value());
}

TEST(Statement, ATargetNeedNotBeTold) {
  for (const char* const configuration :
       {"7", "[]", "[null]", R"([{"name":"target"}])", R"([{"name":"target","annotations":7}])",
        R"([{"name":"target","annotations":{"profile":7}}])"}) {
    const auto statement = ParseStatement(
        TestSaying(fmt::format(R"({{"result":"FAILED","configuration":{}}})", configuration)));
    ASSERT_TRUE(statement.ok()) << configuration << statement.status();
    EXPECT_EQ(statement->test->target, "") << configuration;
  }
}

TEST(Statement, WhatIsNoneIsRefused) {
  const std::string rest = R"("predicateType":"https://a.b/c","predicate":{})";
  const std::string good = Text(OneSubject(), rest);
  ASSERT_TRUE(ParseStatement(good).ok());
  const std::string wrong[] = {
      "",
      "7",
      "[]",
      "{}",
      "null",
      good + "x",
      good.substr(0, good.size() - 1),
      "\xef\xbb\xbf" + good,
      Text("[]", rest),
      Text("{}", rest),
      Text("[7]", rest),
      Text(R"([{"name":"m"}])", rest),
      Text(R"([{"name":"m","digest":7}])", rest),
      Text(R"([{"name":"m","digest":{"sha1":"a"}}])", rest),
      Text(R"([{"name":"m","digest":{"sha256":"aa"}}])", rest),
      Text(fmt::format(R"([{{"name":"m","digest":{{"sha256":"{}"}}}}])", std::string(64, 'A')),
           rest),
      Text(fmt::format(R"([{{"name":"","digest":{{"sha256":"{}"}}}}])", kDigest), rest),
      Text(fmt::format(R"([{{"digest":{{"sha256":"{}"}}}}])", kDigest), rest),
      Text(OneSubject(), R"("predicateType":"http://a.b/c","predicate":{})"),
      Text(OneSubject(), R"("predicateType":"https://","predicate":{})"),
      Text(OneSubject(), R"("predicateType":"https://a\u001b[2J","predicate":{})"),
      Text(OneSubject(), R"("predicateType":"https://a.b/c")"),
      Text(OneSubject(), R"("predicateType":"https://a.b/c","predicate":[])"),
      Of("https://a.b/" + std::string(512, 'c'), "{}"),
      TestSaying("{}"),
      TestSaying(R"({"result":"passed"})"),
      TestSaying(R"({"result":true})"),
      TestSaying(R"({"result":1e999})"),
      Of("https://a.b/c", "{\"x\":\"\xff\"}"),
      Of("https://a.b/c", R"({"x":"\ud800"})")};
  for (const std::string& text : wrong) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseStatement(text).status())) << text;
  }
}

// Of two members of one name, readers take the first, the last or both: what is signed would mean
// different things to them.
TEST(Statement, AMemberTwiceIsRefused) {
  const std::string twice[] = {
      TestSaying(R"({"result":"FAILED","result":"PASSED"})"),
      TestSaying(R"({"result":"FAILED","res\u0075lt":"PASSED"})"),
      Text(OneSubject(), R"("subject":[],"predicateType":"https://a.b/c","predicate":{})"),
      Of("https://a.b/c", R"({"x":[{"y":{"z":1,"z":2}}]})")};
  for (const std::string& text : twice) {
    const auto status = ParseStatement(text).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << text;
    EXPECT_NE(status.ToString().find("twice"), std::string::npos) << status;
  }
  EXPECT_TRUE(ParseStatement(Of("https://a.b/c", R"({"x":{"y":1},"y":{"y":2}})")).ok());
}

TEST(Statement, DepthIsBounded) {
  const auto nested = [](size_t depth) {
    return Of("https://a.b/c", "{\"x\":" + std::string(depth, '[') + std::string(depth, ']') + "}");
  };
  EXPECT_TRUE(ParseStatement(nested(62)).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(ParseStatement(nested(63)).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ParseStatement(std::string(1'000'000, '[')).status()));
}

}  // namespace
}  // namespace mreg::signing
