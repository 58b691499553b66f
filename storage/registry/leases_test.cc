#include "storage/registry/leases.h"

#include <gtest/gtest.h>

#include <thread>

#include "schema/base/sha256.h"

namespace mreg::registry {
namespace {

class LeasesTest : public testing::Test {
 protected:
  bool Holds(const ChunkId& id) { return Leases::RegistryStep(leases_).Holds(id); }

  ManualClock clock_{TimePoint(std::chrono::hours(1))};
  Leases leases_{clock_, kLeaseLength};
  const ChunkId chunk_ = IdOf<ChunkId>("chunk");
  const ArtifactId file_ = IdOf<ArtifactId>("file");
};

TEST_F(LeasesTest, WhatIsKeptIsHeldAndNothingElse) {
  leases_.Keep({&chunk_, 1});
  leases_.Keep(file_);
  const Leases::RegistryStep step(leases_);
  EXPECT_TRUE(step.Holds(chunk_));
  EXPECT_TRUE(step.Holds(file_));
  EXPECT_FALSE(step.Holds(IdOf<ChunkId>("another")));
}

TEST_F(LeasesTest, ABaseStaysOneWhenItIsKeptForItselfToo) {
  const ChunkId base = IdOf<ChunkId>("base");
  leases_.Keep({&chunk_, 1});
  leases_.KeepAsBases({&base, 1});
  leases_.Keep({&base, 1});
  const Leases::RegistryStep step(leases_);
  EXPECT_TRUE(step.Holds(base));
  EXPECT_TRUE(step.HoldsAsBase(base));
  EXPECT_FALSE(step.HoldsAsBase(chunk_));
}

TEST_F(LeasesTest, ALeaseRunsOutOnlyBetweenCollections) {
  leases_.Keep({&chunk_, 1});
  {
    const auto round = leases_.BeginRound(0);
    clock_.Advance(kLeaseLength * 2);
    EXPECT_TRUE(Holds(chunk_));
  }
  const auto round = leases_.BeginRound(0);
  EXPECT_FALSE(Holds(chunk_));
}

TEST_F(LeasesTest, ALeaseMadeDuringAPushOutlivesThePush) {
  auto push = std::make_unique<Leases::RepositoryHold>(leases_, 1, 0);
  leases_.Keep({&chunk_, 1});
  clock_.Advance(kLeaseLength * 2);
  { const auto round = leases_.BeginRound(0); }
  EXPECT_TRUE(Holds(chunk_));
  push.reset();
  { const auto round = leases_.BeginRound(0); }
  EXPECT_FALSE(Holds(chunk_));
}

TEST_F(LeasesTest, KeepingWaitsForAStepToEnd) {
  auto step = std::make_unique<Leases::RegistryStep>(leases_);
  std::atomic<bool> ended = false;
  std::jthread keeper([&] {
    leases_.Keep({&chunk_, 1});
    EXPECT_TRUE(ended);
  });
  EXPECT_FALSE(step->Holds(chunk_));
  ended = true;
  step.reset();
  keeper.join();
  EXPECT_TRUE(Holds(chunk_));
}

TEST_F(LeasesTest, ARepositoryIsHeldUntilItsLastHoldEnds) {
  auto one = std::make_unique<Leases::RepositoryHold>(leases_, 7, 3);
  auto two = std::make_unique<Leases::RepositoryHold>(leases_, 7, 3);
  one.reset();
  EXPECT_TRUE(Leases::RegistryStep(leases_).HoldsRepository(7));
  EXPECT_FALSE(Leases::RegistryStep(leases_).HoldsRepository(8));
  EXPECT_FALSE(Leases::RegistryStep(leases_).HoldsRepository(6));
  two.reset();
  EXPECT_FALSE(Leases::RegistryStep(leases_).HoldsRepository(7));
}

TEST_F(LeasesTest, ACollectionLooksBackToTheOldestPushUnderWay) {
  const Leases::RepositoryHold early(leases_, 1, 5), late(leases_, 2, 8);
  EXPECT_EQ(leases_.BeginRound(10).since(), 5u);
}

}  // namespace
}  // namespace mreg::registry
