#include "schema/lint/lines.h"

#include <gtest/gtest.h>

namespace mreg::lint {
namespace {

TEST(LintLinesTest, ComeBackAsTheyWere) {
  const auto stage = ParseLine(FormatLine(Stage{"checker", false, "no such \"operator\"\n"}));
  ASSERT_TRUE(stage.ok());
  EXPECT_EQ(std::get<StageLine>(*stage).name, "checker");
  EXPECT_FALSE(std::get<StageLine>(*stage).passed);
  EXPECT_EQ(std::get<StageLine>(*stage).message, "no such \"operator\"\n");
  const auto end = ParseLine(FormatLine(EndLine{Result::kOutOfMemory, "why"}));
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(std::get<EndLine>(*end).result, Result::kOutOfMemory);
  EXPECT_EQ(std::get<EndLine>(*end).message, "why");
  EXPECT_EQ(std::get<VersionLine>(*ParseLine(FormatLine(VersionLine{"1.12.0"}))).libonnx, "1.12.0");
}

TEST(LintLinesTest, ALineIsOneLineOfValidTextWhateverIsInIt) {
  const std::string line =
      FormatLine(Stage{"s", false, std::string(100'000, '\xff') + "\n\x1b[2J"});
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_LT(line.size(), 3 * kMaxMessageBytes + 100);
}

TEST(LintLinesTest, NonsenseIsRefused) {
  for (const char* text : {"", "{", "[]", "{}", "3", R"({"result":"fine","message":""})",
                           R"({"stage":3,"passed":true,"message":""})", R"({"libonnx":null})"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseLine(text).status())) << text;
  }
}

TEST(LintLinesTest, AVerdictIsOneObject) {
  EXPECT_EQ(VerdictToJson({Result::kFailed, "", "1.12.0", {{"checker", false, "bad"}}}),
            R"({"result":"failed","message":"","libonnx":"1.12.0",)"
            R"("stages":[{"stage":"checker","passed":false,"message":"bad"}]})");
}

}  // namespace
}  // namespace mreg::lint
