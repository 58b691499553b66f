// Verdicts of the real mreg-lint-onnx, and of programs that misbehave as no libonnx does.
#include "schema/lint/lint.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "schema/base/status.h"
#include "tests/models/memory_file.h"
#include "tests/models/transformer_model.h"
#include "tests/models/wire_builder.h"

namespace mreg::lint {
namespace {

using test_models::GraphWith;
using test_models::MemoryFile;
using test_models::Message;
using test_models::ModelWith;
using test_models::RawTensor;
using testing::HasSubstr;

Verdict LintBytes(const Bytes& bytes, const LintLimits& limits = {}) {
  const auto linter = Linter::Open(MREG_LINT_ONNX, limits);
  EXPECT_TRUE(linter.ok()) << MessageOf(linter.status());
  const auto verdict = linter->Lint(MemoryFile(bytes));
  EXPECT_TRUE(verdict.ok()) << MessageOf(verdict.status());
  return verdict.value_or(Verdict{});
}

Message Value(const char* name, const Message& shape) {
  const Message tensor = Message().Varint(1, 1).Sub(2, shape);
  return Message().Text(1, name).Sub(2, Message().Sub(1, tensor));
}
Message Shape(std::initializer_list<uint64_t> dims) {
  Message shape;
  for (const uint64_t dim : dims) shape.Sub(1, Message().Varint(1, dim));
  return shape;
}

// x -> node -> y
Message OneNode(const Message& node, const Message& x, const Message& y) {
  return ModelWith(Message().Sub(1, node).Text(2, "main").Sub(11, x).Sub(12, y));
}
Message Relu(const Message& y) {
  return OneNode(Message().Text(1, "x").Text(2, "y").Text(4, "Relu"), Value("x", Shape({2, 3})), y);
}

TEST(LintTest, ASoundModelPasses) {
  const Verdict verdict = LintBytes(test_models::MakeTransformerModel({}));
  EXPECT_EQ(verdict.result, Result::kPassed) << VerdictToJson(verdict);
  EXPECT_EQ(verdict.version, "1.12.0");
  ASSERT_EQ(verdict.stages.size(), 3u);
  EXPECT_EQ(verdict.stages[0].name, "checker");
  EXPECT_EQ(verdict.stages[2].name, "shape_inference");
}

TEST(LintTest, WhatIsWrongIsSaidByStage) {
  const Verdict operators = LintBytes(OneNode(Message().Text(1, "x").Text(2, "y").Text(4, "Rilu"),
                                              Value("x", Shape({2})), Value("y", Shape({2})))
                                          .bytes());
  EXPECT_EQ(operators.result, Result::kFailed);
  EXPECT_FALSE(operators.stages.at(0).passed);
  EXPECT_THAT(operators.stages[0].message, HasSubstr("Rilu"));

  const Verdict shapes = LintBytes(Relu(Value("y", Shape({9, 9}))).bytes());
  EXPECT_EQ(shapes.result, Result::kFailed);
  EXPECT_TRUE(shapes.stages.at(0).passed);
  EXPECT_FALSE(shapes.stages.at(1).passed);
}

TEST(LintTest, WhatIsLaterThanLibonnxIsNotJudged) {
  const Message graph = Message().Text(2, "main");
  const auto model = [&](uint64_t ir, uint64_t opset, const char* domain) {
    const Message import = Message().Text(1, domain).Varint(2, opset);
    return LintBytes(Message().Varint(1, ir).Sub(7, graph).Sub(8, import).bytes());
  };
  EXPECT_EQ(model(8, 17, "").result, Result::kPassed);
  EXPECT_EQ(model(10, 17, "").result, Result::kUnknown);
  EXPECT_THAT(model(8, 18, "").message, HasSubstr("opset 18 of ai.onnx is later"));
  EXPECT_EQ(model(8, 18, "ai.onnx").result, Result::kUnknown);
  EXPECT_EQ(model(8, 4, "ai.onnx.ml").result, Result::kUnknown);
}

// A gigabyte, of which libonnx sees some bytes.
TEST(LintTest, WeightsDoNotCount) {
  constexpr uint64_t kWeights = uint64_t{1} << 30;
  const Message zero = RawTensor("w", 1, kWeights / 4, "");
  Bytes tensor = zero.bytes();
  const Bytes end = Message().Text(9, "").bytes();
  ASSERT_TRUE(tensor.ends_with(end));
  tensor.resize(tensor.size() - end.size());
  Bytes raw_head = end.substr(0, 1) + test_models::EncodeVarint(kWeights);
  const uint64_t tensor_size = tensor.size() + raw_head.size() + kWeights;
  Bytes graph_head = Message().Text(2, "main").bytes();
  graph_head += "\x2a" + test_models::EncodeVarint(tensor_size) + tensor + raw_head;
  const uint64_t graph_size = graph_head.size() + kWeights;
  const Bytes head = Message().Varint(1, 8).Sub(8, Message().Varint(2, 17)).bytes() + "\x3a" +
                     test_models::EncodeVarint(graph_size) + graph_head;
  const auto linter = Linter::Open(MREG_LINT_ONNX, {});
  ASSERT_TRUE(linter.ok());
  const auto verdict = linter->Lint(MemoryFile(head.size() + kWeights, {{0, head}}));
  ASSERT_TRUE(verdict.ok()) << MessageOf(verdict.status());
  EXPECT_EQ(verdict->result, Result::kPassed) << VerdictToJson(*verdict);

  const auto too_large = linter->Lint(MemoryFile(uint64_t{1} << 31, {}));
  ASSERT_TRUE(too_large.ok());
  EXPECT_EQ(too_large->result, Result::kTooLarge);
}

TEST(LintTest, HostileModelsEndWithinTheLimits) {
  const LintLimits limits{.seconds = 20, .memory = uint64_t{256} << 20};
  const auto begin = std::chrono::steady_clock::now();
  // Lengths that overflow when multiplied.
  const Message huge = Value("x", Shape({uint64_t{1} << 62, uint64_t{1} << 62, 7}));
  EXPECT_NE(LintBytes(OneNode(Message().Text(1, "x").Text(2, "y").Text(4, "Flatten"), huge,
                              Value("y", Shape({1, 1})))
                          .bytes(),
                      limits)
                .result,
            Result::kTimedOut);
  // Graphs in graphs, as deep as protobuf lets them be.
  Message body = Message().Text(2, "inner");
  for (int depth = 0; depth < 30; ++depth) {
    const Message branch = Message().Text(1, "then_branch").Sub(6, body).Varint(20, 5);
    body = Message().Text(2, "g").Sub(
        1, Message().Text(1, "x").Text(2, "y").Text(4, "If").Sub(5, branch));
  }
  LintBytes(ModelWith(body).bytes(), limits);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they allow no such limit
  // A shape of millions of lengths, of two bytes each, takes far more once it is parsed.
  Message dims;
  for (int i = 0; i < 6'000'000; ++i) dims.Raw(ByteView("\x0a\x00", 2));
  const Verdict memory = LintBytes(Relu(Value("y", dims)).bytes(), limits);
  EXPECT_EQ(memory.result, Result::kOutOfMemory) << VerdictToJson(memory);
#endif
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}

TEST(LintTest, AFileThatIsNoModelIsTheCallersToSay) {
  const auto linter = Linter::Open(MREG_LINT_ONNX, {});
  ASSERT_TRUE(linter.ok());
  const Bytes model = Relu(Value("y", Shape({2, 3}))).bytes();
  for (size_t length = 1; length < model.size(); length += 7) {
    const auto verdict = linter->Lint(MemoryFile(model.substr(0, length)));
    if (verdict.ok()) {
      EXPECT_NE(verdict->result, Result::kCrashed) << length;
    } else {
      EXPECT_TRUE(absl::IsInvalidArgument(verdict.status()));
    }
  }
}

// Stand-ins for a libonnx that a model has led astray.
class StandInTest : public testing::Test {
 protected:
  Verdict LintWith(const std::string& script, double seconds = 10) {
    const std::string path = testing::TempDir() + "/stand-in-" + std::to_string(getpid());
    std::ofstream(path) << "#!/bin/sh\necho '{\"libonnx\":\"0\"}'\n"
                           "[ \"$1\" = --version ] && exit\n"
                        << script << "\n";
    chmod(path.c_str(), S_IRWXU);
    const auto linter = Linter::Open(path, {.seconds = seconds, .memory = 0});
    EXPECT_TRUE(linter.ok()) << MessageOf(linter.status());
    const auto verdict = linter->Lint(MemoryFile(Relu(Value("y", Shape({2, 3}))).bytes()));
    std::filesystem::remove(path);
    return verdict.value_or(Verdict{});
  }
};

TEST_F(StandInTest, ACrashIsAVerdictAndWhatWasSaidBeforeStays) {
  const Verdict verdict =
      LintWith(R"(echo '{"stage":"checker","passed":true,"message":""}'; kill -SEGV $$)");
  EXPECT_EQ(verdict.result, Result::kCrashed);
  EXPECT_EQ(verdict.message, "crashed: signal 11 (Segmentation fault)");
  ASSERT_EQ(verdict.stages.size(), 1u);
  EXPECT_TRUE(verdict.stages[0].passed);
}

TEST_F(StandInTest, OneThatHangsIsKilled) {
  const Verdict verdict = LintWith("exec sleep 100", 0.3);
  EXPECT_EQ(verdict.result, Result::kTimedOut);
  EXPECT_EQ(verdict.message, "timed out");
}

TEST_F(StandInTest, NonsenseIsACrash) {
  EXPECT_EQ(LintWith("echo nonsense").result, Result::kCrashed);
  EXPECT_EQ(LintWith("yes '{\"libonnx\":\"1\"}'").result, Result::kCrashed);
  EXPECT_EQ(LintWith("head -c 10000000 /dev/zero").result, Result::kCrashed);
  EXPECT_EQ(LintWith("exit 0").result, Result::kCrashed);
}

TEST_F(StandInTest, GivesUpWhenToldTo) {
  const auto linter = Linter::Open(MREG_LINT_ONNX, {});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(absl::IsCancelled(
      linter->Lint(MemoryFile(Relu(Value("y", Shape({2, 3}))).bytes()), stop.get_token())
          .status()));
}

TEST_F(StandInTest, AProgramThatIsNotTheLintIsAnError) {
  EXPECT_TRUE(absl::IsFailedPrecondition(Linter::Open("/bin/true", {}).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(Linter::Open("/no/such/program", {}).status()));
}

}  // namespace
}  // namespace mreg::lint
