#include "cli/runner/protocol.h"

#include <gtest/gtest.h>

namespace mreg::runner {
namespace {

TEST(ProtocolTest, RequestsComeBack) {
  LoadRequest load;
  load.model = Bytes("\x00\xff", 2);
  load.settings = {"CUDAExecutionProvider", false, 2, "/tmp/p"};
  const auto request = ParseRequest(FormatRequest(load));
  ASSERT_TRUE(request.ok()) << request.status();
  const auto& back = std::get<LoadRequest>(*request);
  EXPECT_EQ(back.model, load.model);
  EXPECT_EQ(back.settings.provider, "CUDAExecutionProvider");
  EXPECT_FALSE(back.settings.optimizes);
  EXPECT_EQ(back.settings.threads, 2);
  EXPECT_TRUE(std::holds_alternative<UnloadRequest>(*ParseRequest(FormatRequest(UnloadRequest{}))));
}

TEST(ProtocolTest, TensorsComeBack) {
  RanAnswer ran{0.5, 7, {{"y", "int16", {2}, Bytes("\x01\x00\xff\xff", 4), {}}}};
  ran.outputs.push_back({"s", "string", {1, 2}, "", {"a\xff", ""}});
  const auto answer = ParseAnswer(FormatAnswer(ran));
  ASSERT_TRUE(answer.ok()) << answer.status();
  const auto& back = std::get<RanAnswer>(*answer);
  EXPECT_EQ(back.peak_bytes, 7u);
  EXPECT_EQ(back.outputs[0].data, ran.outputs[0].data);
  EXPECT_EQ(back.outputs[1].strings, ran.outputs[1].strings);
}

TEST(ProtocolTest, RefusesWhatIsNotInIt) {
  for (
      const char* const line :
      {"", "[]", "{}", R"({"event":"dance"})", R"({"event":"loaded"})",
       R"({"event":"ready","protocol":2,"runner":"","runtime":"","version":""})",
       R"({"event":"ran","seconds":1,"outputs":[{"name":"y","type":"float","shape":[9],"data":""}]})",
       R"({"event":"ran","seconds":1,"outputs":[{"name":"y","type":"float","shape":[-1],"data":""}]})",
       R"({"event":"ran","seconds":1,"outputs":[{"name":"y","type":"x","shape":[],"data":"!"}]})"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseAnswer(line).status())) << line;
  }
  EXPECT_FALSE(ParseRequest(R"({"do":"load","bytes":5})").ok());
  EXPECT_FALSE(ParseRequest(R"({"do":"jump"})").ok());
}

}  // namespace
}  // namespace mreg::runner
