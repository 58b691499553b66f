#include "storage/history/clone_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/base/file_system.h"
#include "schema/base/status.h"
#include "storage/history/test_worlds.h"

namespace mreg::history {
namespace {

using testing::ElementsAre;

class CloneConfigTest : public testing::Test {
 protected:
  void Write(std::string_view text) {
    ASSERT_EQ(WriteFileAtomically(PosixFileSystem(), directory_ + "/config", text),
              absl::OkStatus());
  }

  std::optional<std::string> Get(std::string_view key) {
    const auto value = config_->Get(key);
    EXPECT_EQ(value.status(), absl::OkStatus());
    return value.ok() ? *value : std::nullopt;
  }

  const std::string directory_ = FreshDirectory();
  const std::unique_ptr<CloneConfig> config_ = OpenCloneConfig(directory_);
};

TEST_F(CloneConfigTest, WhatIsSetIsReadUntilItIsUnset) {
  EXPECT_EQ(Get("user.name"), std::nullopt);
  ASSERT_EQ(config_->Set("user.name", "Alice"), absl::OkStatus());
  EXPECT_EQ(Get("User.Name"), "Alice");
  ASSERT_EQ(config_->Set("user.name", "Bob"), absl::OkStatus());
  EXPECT_EQ(Get("user.name"), "Bob");
  ASSERT_EQ(config_->Unset("user.name"), absl::OkStatus());
  EXPECT_EQ(Get("user.name"), std::nullopt);
  EXPECT_EQ(config_->Unset("user.name").code(), absl::StatusCode::kNotFound);
}

TEST_F(CloneConfigTest, ValuesAndSubsectionsKeepEveryCharacter) {
  const std::string odd = " a\n\t\"b\" ; # \\c ";
  ASSERT_EQ(config_->Set("user.name", odd), absl::OkStatus());
  EXPECT_EQ(Get("user.name"), odd);
  ASSERT_EQ(config_->Set("remote.Odd \"]\\ one.url", "x"), absl::OkStatus());
  EXPECT_THAT(*config_->List("remote."), ElementsAre(ConfigEntry{"remote.Odd \"]\\ one.url", "x"}));
}

TEST_F(CloneConfigTest, OfSeveralValuesTheLastCountsAndNoneIsReplaced) {
  Write("[remote \"a\"]\n\turl = one\n\turl = two\n");
  EXPECT_EQ(Get("remote.a.url"), "two");
  EXPECT_EQ(config_->Set("remote.a.url", "x").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(config_->Unset("remote.a.url").code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(CloneConfigTest, ABareNameIsTrue) {
  Write("[core]\n\tbare\n\tempty =\n");
  EXPECT_EQ(Get("core.bare"), "true");
  EXPECT_EQ(Get("core.empty"), "");
}

TEST_F(CloneConfigTest, WhatIsNoKeyOrValueIsRefused) {
  for (const std::string key : {"name", "a.b_c", "", "a.b\nc.d"}) {
    EXPECT_EQ(config_->Set(key, "x").code(), absl::StatusCode::kInvalidArgument) << key;
  }
  EXPECT_EQ(config_->Set("a.b", std::string("x\0y", 3)).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(config_->Get(std::string("a.b\0c", 5)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(CloneConfigTest, ADamagedFileIsDataLoss) {
  Write("[remote \"a\n");
  EXPECT_EQ(config_->Get("remote.a.url").status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(CloneConfigTest, AHeldLockIsUnavailable) {
  ASSERT_EQ(WriteFileAtomically(PosixFileSystem(), directory_ + "/config.lock", ""),
            absl::OkStatus());
  const absl::Status status = config_->Set("user.name", "x");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(MessageOf(status).ends_with(
      "/config.lock' for writing; if the command that holds it has crashed, remove it"))
      << status;
}

}  // namespace
}  // namespace mreg::history
