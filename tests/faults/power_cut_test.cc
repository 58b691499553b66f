// A registry whose disk fails in the middle of a push and then loses what was not synced: what was
// acknowledged is there, and nothing is half there. The index is RocksDB's own business and keeps
// everything here, which is the harder case: no row may name a pack that the power cut took.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "schema/base/faulty_file_system.h"
#include "storage/sync/local_remote.h"
#include "storage/sync/test_site.h"

namespace mreg::sync {

// Only the suite's fixtures are of use here.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(RemoteTest);

namespace {

constexpr int kDefaultRounds = 8;
constexpr size_t kModelBytes = 3 << 20;
// Pushing one model takes some hundred writes, syncs, renames and creations: in a round a few
// pushes succeed, or none.
constexpr int kMaxOperations = 500;

int Rounds() {
  const char* const set = std::getenv("MREG_FAULT_ROUNDS");
  return set == nullptr ? kDefaultRounds : std::atoi(set);
}

class PowerCut : public testing::Test {
 protected:
  std::unique_ptr<registry::Registry> Open(FileSystem& fs) {
    auto opened = registry::OpenRegistry(directory_, registry::OpenMode::kCreate, {}, fs, clock_);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return opened.ok() ? *std::move(opened) : nullptr;
  }

  std::unique_ptr<Remote> RemoteOf(registry::Registry& registry) {
    return MakeLocalRemote(registry, registry::Access::Owner(), name_, "local");
  }

  // Pushes versions on top of `head_` until the disk fails; each acknowledged one becomes head_.
  void PushUntilFailure(Remote& remote) {
    for (;;) {
      const Bytes model = RandomBytes(kModelBytes, static_cast<unsigned>(random_()));
      const auto parents = head_ ? std::vector{*head_} : std::vector<CommitId>{};
      const CommitId commit = alice_.Commit({{"model.bin", model}}, parents);
      attempted_ = commit;
      models_[commit.ToHex()] = model;
      const auto pushed = alice_.PushTo(remote, commit);
      if (!pushed.ok()) {
        EXPECT_TRUE(absl::IsResourceExhausted(pushed.status())) << pushed.status();
        return;
      }
      head_ = commit;
      ++acknowledged_;
    }
  }

  void ExpectSound(registry::Registry& registry) {
    const auto check =
        registry.Check(registry::Access::Owner(), content::FsckDepth::kContent, nullptr);
    ASSERT_TRUE(check.ok()) << check.status();
    EXPECT_THAT(check->problems, testing::IsEmpty());
    EXPECT_THAT(check->content.problems, testing::IsEmpty());
  }

  void ExpectHeadThere(Remote& remote) {
    if (!head_) return;
    Site reader;
    const auto fetched = FetchHistory(*reader.history, remote);
    ASSERT_TRUE(fetched.ok()) << fetched.status();
    ASSERT_EQ(fetched->references.size(), 1u);
    const CommitId there = *reader.history->Peel(fetched->references[0].target);
    EXPECT_TRUE(there == *head_ || there == attempted_) << there.ToHex();
    const Bytes& model = models_[there.ToHex()];
    const ArtifactId id = IdOf<ArtifactId>(model);
    ASSERT_TRUE(FetchFiles(reader.content, remote, {&id, 1}, nullptr).ok());
    EXPECT_EQ(*reader.Read(id), model);
    head_ = there;
  }

  const unsigned seed_ = std::random_device{}();
  std::mt19937 random_{seed_};
  const SystemClock clock_;
  const std::string directory_ = FreshDirectory();
  const registry::RepositoryName name_ = *registry::RepositoryName::Parse("acme/vad");
  Site alice_;
  std::optional<CommitId> head_, attempted_;
  int acknowledged_ = 0;
  std::map<std::string, Bytes> models_;
};

TEST_F(PowerCut, LosesNothingAcknowledgedAndLeavesNothingHalfThere) {
  RecordProperty("seed", static_cast<int>(seed_));
  SCOPED_TRACE(testing::Message() << "seed " << seed_);
  for (int round = 0; round < Rounds() && !HasFailure(); ++round) {
    FaultyFileSystem disk(PosixFileSystem());
    if (const auto registry = Open(disk)) {
      const int operations = static_cast<int>(random_() % kMaxOperations);
      SCOPED_TRACE(testing::Message() << "round " << round << " after " << operations);
      disk.FailAfter(operations, absl::ResourceExhaustedError("the disk is gone"));
      PushUntilFailure(*RemoteOf(*registry));
    }
    ASSERT_TRUE(disk.DropUnsyncedData().ok());
    const auto registry = Open(PosixFileSystem());
    ASSERT_NE(registry, nullptr);
    ExpectSound(*registry);
    ExpectHeadThere(*RemoteOf(*registry));
  }
  EXPECT_GT(acknowledged_, 0);
}

}  // namespace
}  // namespace mreg::sync
