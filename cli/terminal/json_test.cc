#include "cli/terminal/json.h"

#include <gtest/gtest.h>

#include <vector>

namespace mreg::terminal {
namespace {

TEST(JsonTest, KeepsTheOrderOfMembers) {
  const Json json = Json::Object({{"z", 1}, {"a", "x"}});
  EXPECT_EQ(json.ToText(), "{\n  \"z\": 1,\n  \"a\": \"x\"\n}\n");
}

TEST(JsonTest, HoldsEveryNumberOf64Bits) {
  EXPECT_EQ(Json(UINT64_MAX).ToText(), "18446744073709551615\n");
  EXPECT_EQ(Json(INT64_MIN).ToText(), "-9223372036854775808\n");
}

TEST(JsonTest, WritesNothingAsNull) {
  EXPECT_EQ(Json(std::optional<std::string>()).ToText(), "null\n");
  EXPECT_EQ(Json(std::optional<std::string>("x")).ToText(), "\"x\"\n");
}

TEST(JsonTest, KeepsTextsAndTruthApart) {
  EXPECT_EQ(Json("yes").ToText(), "\"yes\"\n");
  EXPECT_EQ(Json(true).ToText(), "true\n");
}

TEST(JsonTest, WritesEmptyCollections) {
  EXPECT_EQ(Json::Object().ToText(), "{}\n");
  EXPECT_EQ(Json::ArrayOf(std::vector<std::string>()).ToText(), "[]\n");
}

TEST(JsonTest, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(Json("a\xff").ToText(), "\"a\xef\xbf\xbd\"\n");
}

TEST(FindTextTest, GivesTheTextOfAMember) {
  EXPECT_EQ(FindText(R"({"name": "alice", "role": 3})", "name"), "alice");
  EXPECT_EQ(FindText(R"({"name": "alice", "role": 3})", "role"), std::nullopt);
  EXPECT_EQ(FindText(R"({"name": "alice"})", "scope"), std::nullopt);
}

TEST(FindTextTest, GivesNothingOfWhatIsNoObject) {
  EXPECT_EQ(FindText("", "name"), std::nullopt);
  EXPECT_EQ(FindText("<html>", "name"), std::nullopt);
  EXPECT_EQ(FindText("[1]", "name"), std::nullopt);
}

}  // namespace
}  // namespace mreg::terminal
