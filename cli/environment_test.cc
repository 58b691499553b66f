#include "cli/environment.h"

#include <gtest/gtest.h>

#include <map>

namespace mreg::cli {
namespace {

GetVariable Variables(std::map<std::string, std::string> values) {
  return [values](const char* name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

TEST(EnvironmentTest, KeepsEverythingInMregHome) {
  const auto environment = ReadEnvironment(Variables({{"MREG_HOME", "/m"}, {"HOME", "/h"}}));
  ASSERT_TRUE(environment.ok());
  EXPECT_EQ(environment->config_directory, "/m");
  EXPECT_EQ(environment->store_directory, "/m/store");
}

TEST(EnvironmentTest, FollowsXdg) {
  const auto environment = ReadEnvironment(
      Variables({{"HOME", "/h"}, {"XDG_CONFIG_HOME", "/c"}, {"XDG_DATA_HOME", "/d"}}));
  ASSERT_TRUE(environment.ok());
  EXPECT_EQ(environment->config_directory, "/c/mreg");
  EXPECT_EQ(environment->store_directory, "/d/mreg/store");
}

TEST(EnvironmentTest, IgnoresRelativeXdgFolders) {
  const auto environment = ReadEnvironment(Variables({{"HOME", "/h"}, {"XDG_DATA_HOME", "d"}}));
  ASSERT_TRUE(environment.ok());
  EXPECT_EQ(environment->config_directory, "/h/.config/mreg");
  EXPECT_EQ(environment->store_directory, "/h/.local/share/mreg/store");
}

TEST(EnvironmentTest, MakesARelativeHomeAbsolute) {
  const auto environment = ReadEnvironment(Variables({{"MREG_HOME", "here"}}));
  ASSERT_TRUE(environment.ok());
  EXPECT_TRUE(environment->config_directory.starts_with('/'));
  EXPECT_TRUE(environment->config_directory.ends_with("/here"));
}

TEST(EnvironmentTest, NeedsAHome) {
  EXPECT_TRUE(absl::IsFailedPrecondition(ReadEnvironment(Variables({})).status()));
}

TEST(EnvironmentTest, TakesTokenAndAuthor) {
  const auto environment = ReadEnvironment(
      Variables({{"MREG_HOME", "/m"}, {"MREG_TOKEN", "t"}, {"MREG_AUTHOR", "A <a@b>"}}));
  ASSERT_TRUE(environment.ok());
  EXPECT_EQ(environment->token, "t");
  EXPECT_EQ(environment->author, "A <a@b>");
}

}  // namespace
}  // namespace mreg::cli
