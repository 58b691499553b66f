#include "storage/registry/access.h"

#include <gtest/gtest.h>

#include "storage/kv/memory_store.h"

namespace mreg::registry {
namespace {

class AccessTest : public testing::Test {
 protected:
  Access Make(AnonymousRead read) { return Access(*store_, *journal_, clock_, read); }
  Caller CallerOf(Access& access, const TokenInfo& wanted) {
    return *access.Authenticate(access.CreateToken(Access::Owner(), wanted)->secret);
  }

  ManualClock clock_{TimePoint(std::chrono::milliseconds(1'000'000))};
  const std::unique_ptr<kv::KeyValueStore> store_ = kv::MakeMemoryStore();
  const std::unique_ptr<journal::Journal> journal_ = journal::OpenJournal(*store_);
  const RepositoryName vad_ = *RepositoryName::Parse("acme/vad");
  const RepositoryName other_ = *RepositoryName::Parse("other/vad");
};

TEST_F(AccessTest, AnOpenRegistryIsReadByAnybodyAndWrittenWithAToken) {
  Access access = Make(AnonymousRead::kAllowed);
  EXPECT_TRUE(access.RequireRead(access.Anonymous(), vad_).ok());
  EXPECT_TRUE(absl::IsUnauthenticated(access.RequireWrite(access.Anonymous(), vad_)));
  EXPECT_TRUE(absl::IsUnauthenticated(access.RequireAdmin(access.Anonymous())));
  const Caller writer = CallerOf(access, {"alice", Role::kWrite, "", {}, {}});
  EXPECT_TRUE(access.RequireWrite(writer, vad_).ok());
  EXPECT_TRUE(absl::IsPermissionDenied(access.RequireAdmin(writer)));
  const Caller reader = CallerOf(access, {"bob", Role::kRead, "", {}, {}});
  EXPECT_TRUE(absl::IsPermissionDenied(access.RequireWrite(reader, vad_)));
}

TEST_F(AccessTest, AClosedRegistryTellsNothingToStrangers) {
  Access access = Make(AnonymousRead::kForbidden);
  EXPECT_TRUE(absl::IsUnauthenticated(access.RequireRead(access.Anonymous(), vad_)));
  const Caller scoped = CallerOf(access, {"carol", Role::kWrite, "acme", {}, {}});
  EXPECT_TRUE(access.RequireWrite(scoped, vad_).ok());
  EXPECT_TRUE(absl::IsNotFound(access.RequireRead(scoped, other_)));
  EXPECT_TRUE(absl::IsNotFound(access.RequireWrite(scoped, other_)));
}

TEST_F(AccessTest, AScopedAdministratorDoesNotAdministerTheRegistry) {
  Access access = Make(AnonymousRead::kAllowed);
  const Caller scoped = CallerOf(access, {"dave", Role::kAdmin, "acme", {}, {}});
  EXPECT_TRUE(absl::IsPermissionDenied(access.RequireAdmin(scoped)));
  EXPECT_TRUE(absl::IsPermissionDenied(access.RequireWrite(scoped, other_)));
}

TEST_F(AccessTest, UnknownRevokedAndExpiredTokensAreRefusedAlike) {
  Access access = Make(AnonymousRead::kAllowed);
  EXPECT_TRUE(absl::IsUnauthenticated(access.Authenticate("mreg_guess").status()));
  const auto token = *access.CreateToken(
      Access::Owner(), {"a", Role::kRead, "", {}, clock_.Now() + std::chrono::seconds(10)});
  EXPECT_TRUE(access.Authenticate(token.secret).ok());
  clock_.Advance(std::chrono::seconds(10));
  EXPECT_TRUE(absl::IsUnauthenticated(access.Authenticate(token.secret).status()));
  const auto second = *access.CreateToken(Access::Owner(), {"b", Role::kRead, "", {}, {}});
  ASSERT_TRUE(access.RevokeToken(Access::Owner(), "b").ok());
  EXPECT_TRUE(absl::IsUnauthenticated(access.Authenticate(second.secret).status()));
  EXPECT_TRUE(absl::IsNotFound(access.RevokeToken(Access::Owner(), "b")));
}

TEST_F(AccessTest, TheSecretIsStoredNowhere) {
  Access access = Make(AnonymousRead::kAllowed);
  const auto token = *access.CreateToken(Access::Owner(), {"a", Role::kRead, "", {}, {}});
  for (int table = 0; table < kv::kTableCount; ++table) {
    ASSERT_TRUE(store_
                    ->Scan(static_cast<kv::Table>(table), "", "",
                           [&](ByteView key, ByteView value) {
                             EXPECT_EQ(key.find(token.secret), ByteView::npos);
                             EXPECT_EQ(value.find(token.secret), ByteView::npos);
                             return true;
                           })
                    .ok());
  }
}

TEST_F(AccessTest, TokensHaveDistinctValidNamesAndAreInTheJournal) {
  Access access = Make(AnonymousRead::kAllowed);
  ASSERT_TRUE(access.CreateToken(Access::Owner(), {"a", Role::kRead, "", {}, {}}).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(
      access.CreateToken(Access::Owner(), {"a", Role::kWrite, "", {}, {}}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      access.CreateToken(Access::Owner(), {"no good", Role::kRead, "", {}, {}}).status()));
  EXPECT_TRUE(absl::IsUnauthenticated(
      access.CreateToken(access.Anonymous(), {"c", Role::kRead, "", {}, {}}).status()));
  EXPECT_EQ(access.ListTokens(Access::Owner())->size(), 1u);
  EXPECT_EQ(journal_->Head()->size, 1u);
}

}  // namespace
}  // namespace mreg::registry
