// What a namespace may keep, seen from those who push to it.
#include <gmock/gmock.h>

#include "schema/base/status.h"
#include "storage/sync/local_remote.h"
#include "storage/sync/test_site.h"

namespace mreg::sync {
namespace {

class QuotaTest : public testing::Test {
 protected:
  static registry::RegistryOptions Options() {
    registry::RegistryOptions options;
    options.quotas.each = 1'000'000;
    options.quotas.by_namespace = {{"small", 100'000}, {"none", 0}};
    options.lease_length = std::chrono::milliseconds(0);
    return options;
  }

  absl::StatusOr<PushOutcome> Push(const std::string& repository, const Bytes& file,
                                   const std::string& branch = "main") {
    const auto remote =
        MakeLocalRemote(*registry_, owner_, *registry::RepositoryName::Parse(repository), "local");
    return site_.PushTo(*remote, site_.Commit({{"m.bin", file}}), "refs/heads/" + branch,
                        Force::kYes);
  }

  ManualClock clock_{SystemClock().Now() + std::chrono::hours(2)};
  const registry::Caller owner_ = registry::Access::Owner();
  const std::unique_ptr<registry::Registry> registry_ = *registry::OpenRegistry(
      FreshDirectory(), registry::OpenMode::kCreate, Options(), PosixFileSystem(), clock_);
  Site site_;
};

TEST_F(QuotaTest, WhatFitsIsTakenAndWhatIsTooMuchRefusedBeforeItIsSent) {
  ASSERT_TRUE(Push("acme/vad", RandomBytes(600'000, 1)).ok());
  const auto refused = Push("acme/other", RandomBytes(500'000, 2));
  EXPECT_TRUE(absl::IsResourceExhausted(refused.status())) << refused.status();
  EXPECT_THAT(std::string(MessageOf(refused.status())),
              testing::AllOf(testing::HasSubstr("1.0 MB"), testing::HasSubstr("0.6 MB"),
                             testing::HasSubstr("0.5 MB")));
  EXPECT_EQ(registry_->Stats(owner_)->unique_bytes, 600'000u);
  EXPECT_TRUE(Push("acme/other", RandomBytes(400'000, 3)).ok());
}

TEST_F(QuotaTest, AFileThatTheNamespaceHasCostsNothing) {
  const Bytes file = RandomBytes(600'000, 1);
  ASSERT_TRUE(Push("acme/vad", file).ok());
  EXPECT_TRUE(Push("acme/other", file).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(Push("small/vad", file).status()));
}

TEST_F(QuotaTest, ANamespaceCanHaveItsOwn) {
  EXPECT_TRUE(absl::IsResourceExhausted(Push("small/vad", RandomBytes(150'000, 1)).status()));
  EXPECT_TRUE(Push("small/vad", RandomBytes(90'000, 1)).ok());
  EXPECT_TRUE(Push("none/vad", "text only").ok());
  EXPECT_TRUE(absl::IsResourceExhausted(Push("none/vad", RandomBytes(10, 1)).status()));
}

TEST_F(QuotaTest, APushThatWasNotOfferedIsRefusedToo) {
  const Bytes file = RandomBytes(90'000, 1);
  ASSERT_TRUE(Push("other/vad", file).ok());
  ASSERT_TRUE(Push("small/vad", RandomBytes(50'000, 2)).ok());
  const CommitId commit = site_.Commit({{"m.bin", file}});
  v1::PushRequest request;
  const ObjectId tip = ToObjectId(commit);
  const auto objects = *site_.history->ObjectsBetween({&tip, 1}, {});
  for (const ObjectId& id : objects) {
    const auto object = *site_.history->ReadObject(id);
    auto& sent = *request.add_objects();
    sent.set_type(static_cast<uint32_t>(object.type));
    sent.set_data(object.data);
  }
  auto& move = *request.add_moves();
  move.set_name("refs/heads/new");
  move.set_to(std::string(commit.bytes()));
  const auto name = *registry::RepositoryName::Parse("small/vad");
  EXPECT_TRUE(
      absl::IsResourceExhausted(registry_->transfer().Push(owner_, name, request).status()));
}

TEST_F(QuotaTest, WhatWasCollectedMakesRoom) {
  ASSERT_TRUE(Push("acme/vad", RandomBytes(900'000, 1)).ok());
  ASSERT_TRUE(Push("acme/vad", "nothing large").ok());
  EXPECT_TRUE(absl::IsResourceExhausted(Push("acme/vad", RandomBytes(900'000, 2)).status()));
  clock_.Advance(std::chrono::hours(1));
  const auto collected = registry_->CollectGarbage(
      owner_, {registry::GcMode::kExecute, std::chrono::milliseconds(0)}, nullptr);
  ASSERT_TRUE(collected.ok()) << collected.status();
  EXPECT_EQ(collected->outcome.removed_files, 1u);
  EXPECT_TRUE(Push("acme/vad", RandomBytes(900'000, 2)).ok());
}

}  // namespace
}  // namespace mreg::sync
