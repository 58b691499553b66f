// A registry's garbage collection, seen from those who push to it and pull from it.
#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "storage/sync/faulty_remote.h"
#include "storage/sync/local_remote.h"
#include "storage/sync/test_site.h"
#include "tests/models/weights.h"

namespace mreg::sync {
namespace {

using registry::GcMode;
using registry::GcReport;
using testing::IsEmpty;

constexpr std::chrono::milliseconds kNoGrace{0};

class CollectTest : public testing::Test {
 protected:
  std::unique_ptr<Remote> Connect() { return MakeLocalRemote(*registry_, owner_, name_, "local"); }

  GcReport Collect(std::chrono::milliseconds grace = kNoGrace, GcMode mode = GcMode::kExecute) {
    auto report = registry_->CollectGarbage(owner_, {mode, grace}, nullptr);
    EXPECT_TRUE(report.ok()) << report.status();
    return *std::move(report);
  }

  absl::Status Delete(const std::string& reference) {
    const PushItem item{reference, std::nullopt};
    return sync::Push(*site_.history, site_.content, *remote_, {&item, 1}, Force::kNo, DryRun::kNo,
                      "remove", nullptr)
        .status();
  }

  // What someone who has nothing yet gets of `file`.
  absl::StatusOr<Bytes> Fetch(const Bytes& file) {
    Site fresh;
    const ArtifactId id = IdOf<ArtifactId>(file);
    if (auto fetched = FetchFiles(fresh.content, *remote_, {&id, 1}, nullptr); !fetched.ok()) {
      return fetched.status();
    }
    return fresh.Read(id);
  }

  void ExpectSound() {
    const auto check = registry_->Check(owner_, content::FsckDepth::kContent, nullptr);
    ASSERT_TRUE(check.ok()) << check.status();
    EXPECT_THAT(check->problems, IsEmpty());
    EXPECT_THAT(check->content.problems, IsEmpty());
  }

  void LetLeasesRunOut() { clock_.Advance(registry::kLeaseLength + std::chrono::hours(1)); }

  ManualClock clock_{SystemClock().Now() + std::chrono::hours(24)};
  const registry::Caller owner_ = registry::Access::Owner();
  const registry::RepositoryName name_ = *registry::RepositoryName::Parse("acme/vad");
  const std::unique_ptr<registry::Registry> registry_ = *registry::OpenRegistry(
      FreshDirectory(), registry::OpenMode::kCreate, {}, PosixFileSystem(), clock_);
  const std::unique_ptr<Remote> remote_ = Connect();
  Site site_;
  const Bytes one_ = RandomBytes(300'000, 1), two_ = RandomBytes(300'000, 2);
};

TEST_F(CollectTest, WhatABranchLeadsToStays) {
  ASSERT_TRUE(site_.PushTo(*remote_, site_.Commit({{"m.bin", one_}})).ok());
  LetLeasesRunOut();
  const GcReport report = Collect();
  EXPECT_EQ(report.outcome.removed_files, 0u);
  EXPECT_EQ(report.removed_objects, 0u);
  EXPECT_EQ(*Fetch(one_), one_);
  ExpectSound();
}

TEST_F(CollectTest, WhatOnlyARemovedBranchLedToGoes) {
  const CommitId first = site_.Commit({{"m.bin", one_}});
  ASSERT_TRUE(site_.PushTo(*remote_, first).ok());
  ASSERT_TRUE(
      site_.PushTo(*remote_, site_.Commit({{"m.bin", two_}}, {first}), "refs/heads/b").ok());
  ASSERT_TRUE(Delete("refs/heads/b").ok());
  LetLeasesRunOut();
  const GcReport report = Collect();
  EXPECT_EQ(report.outcome.removed_files, 1u);
  EXPECT_EQ(report.removed_objects, 3u);  // a commit, its tree, a pointer
  EXPECT_GT(report.removed_members, 1u);
  EXPECT_GT(report.outcome.freed_bytes, two_.size());
  EXPECT_EQ(*Fetch(one_), one_);
  EXPECT_TRUE(absl::IsNotFound(Fetch(two_).status()));
  ExpectSound();
}

TEST_F(CollectTest, APlanSaysWhatWouldGoAndFreesNothing) {
  ASSERT_TRUE(site_.PushTo(*remote_, site_.Commit({{"m.bin", one_}}), "refs/heads/b").ok());
  ASSERT_TRUE(Delete("refs/heads/b").ok());
  LetLeasesRunOut();
  const GcReport report = Collect(kNoGrace, GcMode::kPlanOnly);
  EXPECT_EQ(report.plan.dead_files.size(), 1u);
  EXPECT_EQ(report.objects, 3u);
  EXPECT_EQ(report.outcome.removed_files, 0u);
  EXPECT_EQ(*Fetch(one_), one_);
}

TEST_F(CollectTest, WhatABranchLedToInsideTheGraceStays) {
  ASSERT_TRUE(site_.PushTo(*remote_, site_.Commit({{"m.bin", one_}}), "refs/heads/b").ok());
  clock_.Advance(std::chrono::hours(24 * 100));
  ASSERT_TRUE(Delete("refs/heads/b").ok());
  clock_.Advance(std::chrono::hours(24 * 10));
  EXPECT_EQ(Collect(std::chrono::hours(24 * 14)).outcome.removed_files, 0u);
  EXPECT_EQ(*Fetch(one_), one_);
  clock_.Advance(std::chrono::hours(24 * 10));
  EXPECT_EQ(Collect(std::chrono::hours(24 * 14)).outcome.removed_files, 1u);
}

TEST_F(CollectTest, WhatWasOfferedStaysUntilItIsPushed) {
  // A pusher is told that the content is there, so they will not send it; then it is unreachable.
  ASSERT_TRUE(site_.PushTo(*remote_, site_.Commit({{"m.bin", one_}}), "refs/heads/b").ok());
  LetLeasesRunOut();
  Site other;
  const CommitId commit = other.Commit({{"x.bin", one_}, {"y.bin", two_}});
  const PushItem item{"refs/heads/c", ToObjectId(commit)};
  ASSERT_TRUE(sync::Push(*other.history, other.content, *remote_, {&item, 1}, Force::kNo,
                         DryRun::kYes, "offer", nullptr)
                  .ok());
  ASSERT_TRUE(Delete("refs/heads/b").ok());
  clock_.Advance(std::chrono::milliseconds(1));
  const GcReport report = Collect();
  EXPECT_EQ(report.outcome.removed_files, 0u);
  EXPECT_GT(report.outcome.held, 0u);
  const auto pushed = other.PushTo(*remote_, commit, "refs/heads/c");
  ASSERT_TRUE(pushed.ok()) << pushed.status();
  EXPECT_EQ(*Fetch(one_), one_);
  ExpectSound();
}

TEST_F(CollectTest, WhatWasUploadedAndNeverPushedGoesInTheEnd) {
  FaultyRemote faulty(*remote_);
  const CommitId commit = site_.Commit({{"m.bin", one_}});
  const auto recipe = **site_.content.FindRecipe(IdOf<ArtifactId>(one_));
  std::vector<ChunkId> ids;
  for (const auto& chunk : recipe.chunks) ids.push_back(chunk.id);
  const auto sender = *content::ChunkSender::Open(site_.content, ids, {});
  ASSERT_TRUE(remote_->Upload(*sender, sender->length()).ok());
  EXPECT_EQ(Collect().outcome.removed_chunks, 0u);
  LetLeasesRunOut();
  EXPECT_EQ(Collect().outcome.removed_chunks, ids.size());
  EXPECT_TRUE(site_.PushTo(*remote_, commit).ok());
  ExpectSound();
}

TEST_F(CollectTest, WhatWasCollectedCanBePushedAgain) {
  const CommitId commit = site_.Commit({{"m.bin", one_}});
  for (int round = 0; round < 3; ++round) {
    const auto pushed = site_.PushTo(*remote_, commit, "refs/heads/b");
    ASSERT_TRUE(pushed.ok()) << pushed.status();
    EXPECT_EQ(*Fetch(one_), one_);
    ASSERT_TRUE(Delete("refs/heads/b").ok());
    LetLeasesRunOut();
    EXPECT_EQ(Collect().outcome.removed_files, 1u);
  }
}

TEST_F(CollectTest, OfAPackThatIsMostlyDeadTheRestIsReadAsBefore) {
  const Bytes small = RandomBytes(40'000, 3);
  const CommitId both = site_.Commit({{"a.bin", small}, {"b.bin", one_}});
  ASSERT_TRUE(site_.PushTo(*remote_, both, "refs/heads/b").ok());
  ASSERT_TRUE(site_.PushTo(*remote_, site_.Commit({{"a.bin", small}})).ok());
  ASSERT_TRUE(Delete("refs/heads/b").ok());
  LetLeasesRunOut();
  EXPECT_EQ(Collect().outcome.rewritten_packs, 1u);
  EXPECT_EQ(*Fetch(small), small);
  ExpectSound();
}

TEST_F(CollectTest, ObjectsOfAPushThatFailedGo) {
  v1::PushRequest request;
  const CommitId commit = site_.Commit({{"a.txt", "text"}});
  const ObjectId tip = ToObjectId(commit);
  const auto objects = *site_.history->ObjectsBetween({&tip, 1}, {});
  for (const ObjectId& id : objects) {
    const auto object = *site_.history->ReadObject(id);
    auto& sent = *request.add_objects();
    sent.set_type(static_cast<uint32_t>(object.type));
    sent.set_data(object.data);
  }
  auto& move = *request.add_moves();
  move.set_name("refs/heads/main");
  move.set_from(std::string(commit.bytes()));  // which it is not
  move.set_to(std::string(commit.bytes()));
  ASSERT_TRUE(absl::IsAborted(remote_->Push(request).status()));
  EXPECT_EQ(Collect().removed_objects, 3u);
  ExpectSound();
}

// Three users who know of no other's file, and so pushed theirs whole.
TEST_F(CollectTest, AnOptimizationStepsAsideAndThenDoesTheRest) {
  const Bytes weights = test_models::NormalFloats(100'000, 1);
  std::vector<Bytes> files{weights};
  for (unsigned seed : {2, 3}) files.push_back(test_models::TrainedFloats(weights, 0.01f, seed));
  for (const Bytes& file : files) {
    Site site;
    const auto branch = "refs/heads/" + IdOf<ArtifactId>(file).ToShortHex();
    ASSERT_TRUE(site.PushTo(*remote_, site.Commit({{"m.f32", file}}), branch).ok());
  }
  LetLeasesRunOut();
  // Of two collections one waits for the optimization, and the other is refused then.
  std::promise<void> one_waits;
  const auto collect = [&] {
    const auto collected = registry_->CollectGarbage(owner_, {GcMode::kExecute, kNoGrace}, nullptr);
    if (absl::IsAborted(collected.status())) return one_waits.set_value();
    EXPECT_TRUE(collected.ok()) << collected.status();
  };
  std::vector<std::jthread> collecting;
  const auto report = registry_->Optimize(owner_, {}, [&](std::string_view, uint64_t, uint64_t) {
    if (!collecting.empty()) return;
    for (int i = 0; i < 2; ++i) collecting.emplace_back(collect);
    one_waits.get_future().wait();
  });
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->looked_files, 3u);
  EXPECT_FALSE(report->was_stopped);
  EXPECT_GE(report->improved_chunks, 2u);
  for (const Bytes& file : files) EXPECT_EQ(*Fetch(file), file);
  ExpectSound();
}

TEST_F(CollectTest, OnlyAnAdministratorMayCollect) {
  EXPECT_TRUE(absl::IsUnauthenticated(
      registry_->CollectGarbage(registry_->access().Anonymous(), {}, nullptr).status()));
}

}  // namespace
}  // namespace mreg::sync
