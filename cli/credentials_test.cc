#include "cli/credentials.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "schema/base/status.h"

namespace mreg::cli {
namespace {

constexpr char kRegistry[] = "https://models.example.org";

class CredentialsTest : public testing::Test {
 protected:
  CredentialsTest() {
    std::filesystem::remove_all(home_);
    environment_.config_directory = home_ + "/config";
  }
  ~CredentialsTest() override { std::filesystem::remove_all(home_); }

  Credentials MustLoad() {
    auto loaded = Credentials::Load(environment_);
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    return *std::move(loaded);
  }
  void MustSave(const std::string& token) {
    Credentials credentials = MustLoad();
    credentials.Put(kRegistry, {token, "alice"});
    ASSERT_TRUE(credentials.Save().ok());
  }
  std::string path() const { return environment_.config_directory + "/credentials.toml"; }

  const std::string home_ =
      testing::TempDir() +
      fmt::format("credentials_{}_{}", getpid(), testing::UnitTest::GetInstance()->random_seed());
  Environment environment_;
};

mode_t ModeOf(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(stat(path.c_str(), &info), 0);
  return info.st_mode & 0777;
}

TEST_F(CredentialsTest, AreEmptyAtFirst) {
  EXPECT_FALSE(MustLoad().Find(kRegistry));
  EXPECT_EQ(*TokenFor(environment_, kRegistry), "");
}

TEST_F(CredentialsTest, StayAsTheyWereSaved) {
  MustSave("quote\" and \\ backslash");
  const auto found = MustLoad().Find(kRegistry);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->token, "quote\" and \\ backslash");
  EXPECT_EQ(found->user, "alice");
}

TEST_F(CredentialsTest, AreForTheOwnersEyesOnly) {
  const mode_t old = umask(0);
  MustSave("secret");
  umask(old);
  EXPECT_EQ(ModeOf(path()), 0600u);
  EXPECT_EQ(ModeOf(environment_.config_directory), 0700u);
}

TEST_F(CredentialsTest, LeaveNothingBesideTheFile) {
  MustSave("one");
  MustSave("two");
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(environment_.config_directory)) {
    EXPECT_EQ(entry.path().filename(), "credentials.toml");
    ++files;
  }
  EXPECT_EQ(files, 1);
}

TEST_F(CredentialsTest, AreNotTakenFromAFileThatOthersCanRead) {
  MustSave("secret");
  chmod(path().c_str(), 0640);
  EXPECT_TRUE(absl::IsPermissionDenied(Credentials::Load(environment_).status()));
}

TEST_F(CredentialsTest, AreGoneAfterRemoval) {
  MustSave("secret");
  Credentials credentials = MustLoad();
  EXPECT_TRUE(credentials.Remove(kRegistry));
  EXPECT_FALSE(credentials.Remove(kRegistry));
  ASSERT_TRUE(credentials.Save().ok());
  EXPECT_FALSE(MustLoad().Find(kRegistry));
}

TEST_F(CredentialsTest, GiveWayToTheEnvironmentsToken) {
  MustSave("stored");
  EXPECT_EQ(*TokenFor(environment_, kRegistry), "stored");
  environment_.token = "from the environment";
  EXPECT_EQ(*TokenFor(environment_, kRegistry), "from the environment");
}

TEST_F(CredentialsTest, SayWhereAFileIsNotToml) {
  std::filesystem::create_directories(environment_.config_directory);
  std::ofstream(path()) << "[x]\ntoken = \n";
  chmod(path().c_str(), 0600);
  const auto loaded = Credentials::Load(environment_);
  EXPECT_TRUE(absl::IsInvalidArgument(loaded.status()));
  EXPECT_NE(MessageOf(loaded.status()).find("line 2"), std::string_view::npos);
}

TEST(RegistryOfTest, LeavesOutWhatFollowsTheHost) {
  EXPECT_EQ(*RegistryOf("http://127.0.0.1:7878/acme/vad"), "http://127.0.0.1:7878");
  EXPECT_EQ(*RegistryOf("HTTPS://Models.Example.org/"), "https://models.example.org");
}

TEST(RegistryOfTest, RefusesWhatTakesNoTokens) {
  EXPECT_TRUE(absl::IsInvalidArgument(RegistryOf("file:///srv/models").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(RegistryOf("https://alice:pw@host").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(RegistryOf("https:///x").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(RegistryOf("").status()));
}

}  // namespace
}  // namespace mreg::cli
