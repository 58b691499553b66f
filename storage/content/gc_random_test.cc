// Random stores, and an oracle that knows what must be left of them, also after a collection that
// failed or died at any of its steps.
#include "storage/content/gc_fixture.h"

namespace mreg::content {
namespace {

using testing::IsEmpty;

constexpr int kPieces = 24;
constexpr int kMostSteps = 400;

struct Oracle {
  std::map<ArtifactId, Bytes> used;
  std::set<ChunkId> used_chunks;
  absl::flat_hash_set<ArtifactId> ids;
};

// A store of some packs of files that share pieces; of each file it is decided whether it is used.
Oracle Fill(GcStore& world, unsigned seed) {
  std::mt19937 random(seed);
  Oracle oracle;
  const unsigned used_percent = random() % 101;
  for (unsigned pack = 0; pack < 1 + random() % 5; ++pack) {
    std::vector<std::vector<Bytes>> files(1 + random() % 4);
    for (auto& pieces : files) {
      for (unsigned i = 0; i < 1 + random() % 6; ++i) {
        const unsigned number = random() % kPieces;
        pieces.push_back(GcStore::RandomBytes(1 + number * 97, number));
      }
    }
    const auto ids = world.Put(files);
    for (size_t i = 0; i < ids.size(); ++i) {
      if (random() % 100 >= used_percent) continue;
      Bytes& whole = oracle.used[ids[i]];
      whole.clear();
      for (const Bytes& piece : files[i]) {
        whole += piece;
        oracle.used_chunks.insert(IdOf<ChunkId>(piece));
      }
      oracle.ids.insert(ids[i]);
    }
  }
  return oracle;
}

void ExpectUsedIsThere(GcStore& world, const Oracle& oracle) {
  for (const auto& [id, whole] : oracle.used) {
    const auto read = world.Read(id);
    ASSERT_TRUE(read.ok()) << read.status();
    ASSERT_EQ(*read, whole);
  }
  ASSERT_THAT(world.Problems(), IsEmpty());
}

void ExpectNothingElse(GcStore& world, const Oracle& oracle) {
  EXPECT_EQ(world.Chunks(), oracle.used_chunks);
  EXPECT_EQ(world.store.Stats()->artifacts, oracle.used.size());
  const auto plan = world.Plan(oracle.ids);
  ASSERT_TRUE(plan.ok());
  EXPECT_THAT(plan->dead_files, IsEmpty());
  EXPECT_THAT(plan->dead_packs, IsEmpty());
  EXPECT_THAT(plan->sparse_packs, IsEmpty());
}

void CollectAndCheck(GcStore& world, const Oracle& oracle) {
  const auto outcome = world.Collect(oracle.ids);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_THAT(outcome->problems, IsEmpty());
  ExpectUsedIsThere(world, oracle);
  ExpectNothingElse(world, oracle);
}

// Kills the first collection by `kill`, and expects the second to complete it. False once the
// first came to its end.
bool SurvivesBeingKilled(unsigned seed, const std::function<void(GcStore&)>& kill) {
  GcStore world;
  const Oracle oracle = Fill(world, seed);
  kill(world);
  const bool died = !world.Collect(oracle.ids).ok();
  world.index.DieAfter(-1);
  world.fs.Heal();
  EXPECT_TRUE(world.store.RecoverUploads(nullptr).ok());
  ExpectUsedIsThere(world, oracle);
  CollectAndCheck(world, oracle);
  return died && !testing::Test::HasFailure();
}

unsigned Seed() {
  const unsigned seed = std::random_device()();
  testing::Test::RecordProperty("seed", static_cast<int>(seed));
  return seed;
}

TEST(GcOfRandomStores, LeavesExactlyWhatIsUsed) {
  const unsigned first = Seed();
  for (unsigned seed = first; seed < first + 60; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    GcStore world;
    const Oracle oracle = Fill(world, seed);
    CollectAndCheck(world, oracle);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(GcOfRandomStores, LosesNothingWhenItDiesAtAnyStepOnTheDisk) {
  const unsigned first = Seed();
  for (unsigned seed = first; seed < first + 6; ++seed) {
    for (int step = 0; step < kMostSteps; ++step) {
      SCOPED_TRACE(fmt::format("seed {}, step {}", seed, step));
      const auto fail = [&](GcStore& world) { world.fs.DieAfter(step); };
      if (!SurvivesBeingKilled(seed, fail)) break;
    }
    if (testing::Test::HasFailure()) return;
  }
}

TEST(GcOfRandomStores, LosesNothingWhenItDiesAtAnyBatch) {
  const unsigned first = Seed();
  for (unsigned seed = first; seed < first + 10; ++seed) {
    for (int commits = 1; commits < kMostSteps; ++commits) {
      SCOPED_TRACE(fmt::format("seed {}, batch {}", seed, commits));
      const auto die = [&](GcStore& world) { world.index.DieAfter(commits); };
      if (!SurvivesBeingKilled(seed, die)) break;
    }
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace mreg::content
