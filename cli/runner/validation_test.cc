#include "cli/runner/validation.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace mreg::runner {
namespace {

// A runner that answers a load with these inputs and outputs, and nothing else.
absl::StatusOr<Validation> ValidateWith(const std::string& inputs, const std::string& outputs) {
  ValidationSettings settings;
  settings.scratch = testing::TempDir();
  settings.limits.seconds = 20;
  settings.command = {
      "sh", "-c",
      fmt::format(
          R"(echo '{{"event":"ready","protocol":1,"runner":"r","runtime":"t","version":"1"}}'; )"
          R"(read line; )"
          R"(echo '{{"event":"loaded","seconds":0.5,"inputs":[{}],"outputs":[{}]}}'; read line)",
          inputs, outputs)};
  return Validate(PosixFileSystem(), "/no/model", settings);
}

constexpr char kTensor[] = R"({"name":"x","type":"float","shape":[2]})";
constexpr char kSequence[] = R"({"name":"s","type":"","shape":[]})";

TEST(ValidationTest, WhatIsNoTensorIsNotSupportedRatherThanRun) {
  const auto input = ValidateWith(std::string(kTensor) + "," + kSequence, kTensor);
  ASSERT_TRUE(input.ok()) << input.status();
  EXPECT_EQ(input->result, Validation::Result::kNotSupported);
  EXPECT_NE(input->message.find("input s is no tensor"), std::string::npos) << input->message;
  EXPECT_EQ(input->load_seconds, .5);
  const auto output = ValidateWith(kTensor, kSequence);
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(output->result, Validation::Result::kNotSupported);
  EXPECT_EQ(ResultName(output->result), "not supported by the runner");
}

TEST(ValidationTest, TensorsAreRun) {
  const auto ran = ValidateWith(kTensor, kTensor);
  ASSERT_TRUE(ran.ok()) << ran.status();
  EXPECT_EQ(ran->result, Validation::Result::kCrashed) << "it ends without an answer";
}

}  // namespace
}  // namespace mreg::runner
