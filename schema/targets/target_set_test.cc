#include "schema/targets/target_set.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "schema/base/file_system.h"

namespace mreg::targets {
namespace {

class TargetSetTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "targets-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  TargetSet Set() { return {PosixFileSystem(), JoinPath(folder_, "targets")}; }

  static Profile Own(const std::string& name, const std::string& base) {
    Profile profile;
    profile.name = name;
    profile.base = base;
    profile.memory = 5;
    return profile;
  }

  std::string folder_;
};

TEST_F(TargetSetTest, LoadsEveryTargetThatItLists) {
  const auto list = Set().List();
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_GT(list->size(), 10u);
  for (const TargetHead& head : *list) {
    EXPECT_TRUE(head.is_builtin);
    const auto target = Set().Load(head.head.name);
    ASSERT_TRUE(target.ok()) << target.status();
    EXPECT_GT(target->profile.kernels.size(), 20u) << head.head.name;
    EXPECT_EQ(target->fallback.has_value(), !target->profile.fallback.empty());
  }
}

TEST_F(TargetSetTest, KeepsOwnTargets) {
  TargetSet set = Set();
  ASSERT_TRUE(set.Add(Own("edge", "ort-1.23.2-cpu"), false).ok());
  const auto target = Set().Load("edge");
  ASSERT_TRUE(target.ok()) << target.status();
  EXPECT_EQ(target->profile.memory, 5u);
  EXPECT_GT(target->profile.kernels.size(), 100u);
  EXPECT_TRUE(absl::IsAlreadyExists(set.Add(Own("edge", ""), false)));
  EXPECT_TRUE(set.Add(Own("edge", ""), true).ok());
  EXPECT_TRUE(set.Remove("edge").ok());
  EXPECT_TRUE(absl::IsNotFound(set.Load("edge").status()));
  EXPECT_TRUE(absl::IsNotFound(set.Remove("edge")));
}

TEST_F(TargetSetTest, LeavesAloneWhatIsBuiltIn) {
  TargetSet set = Set();
  EXPECT_TRUE(absl::IsAlreadyExists(set.Add(Own("ort-1.23.2-cpu", ""), true)));
  EXPECT_FALSE(set.Remove("ort-1.23.2-cpu").ok());
}

TEST_F(TargetSetTest, RefusesNamesThatAreNone) {
  EXPECT_TRUE(absl::IsInvalidArgument(Set().Load("../../etc/passwd").status()));
  EXPECT_TRUE(absl::IsNotFound(Set().Load("none").status()));
}

TEST_F(TargetSetTest, RefusesBasesThatGoRound) {
  TargetSet set = Set();
  ASSERT_TRUE(set.Add(Own("a", "b"), false).ok());
  ASSERT_TRUE(set.Add(Own("b", "a"), false).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(set.Load("a").status()));
}

}  // namespace
}  // namespace mreg::targets
