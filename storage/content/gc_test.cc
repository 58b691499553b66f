#include "storage/content/gc.h"

#include "schema/base/sha256.h"
#include "storage/content/gc_fixture.h"
#include "tests/models/memory_file.h"
#include "tests/models/weights.h"

namespace mreg::content {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

Bytes Piece(unsigned seed, size_t size = 2'000) { return GcStore::RandomBytes(size, seed); }

// Holds what it is told to.
class Holding final : public GcGuard {
 public:
  class Held final : public Step {
   public:
    explicit Held(const Holding& owner) : owner_(owner) {}
    bool Holds(const ArtifactId& id) const override { return owner_.files.contains(id); }
    bool Holds(const ChunkId& id) const override { return owner_.chunks.contains(id); }

   private:
    const Holding& owner_;
  };
  std::unique_ptr<Step> BeginStep() override { return std::make_unique<Held>(*this); }

  absl::flat_hash_set<ArtifactId> files;
  absl::flat_hash_set<ChunkId> chunks;
};

class GcTest : public testing::Test {
 protected:
  GcStore world_;
};

TEST_F(GcTest, WhatIsUsedStaysAndTheRestGoes) {
  const ArtifactId used = world_.PutOne({Piece(1), Piece(2)});
  const ArtifactId unused = world_.PutOne({Piece(2), Piece(3)});
  const auto outcome = world_.Collect({used});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->removed_files, 1u);
  EXPECT_EQ(outcome->removed_chunks, 1u);
  EXPECT_EQ(*world_.Read(used), Piece(1) + Piece(2));
  EXPECT_TRUE(absl::IsNotFound(world_.Read(unused).status()));
  EXPECT_THAT(world_.Problems(), IsEmpty());
}

TEST_F(GcTest, ABaseStaysAsLongAsADifferenceToItIsUsed) {
  const Bytes base = test_models::NormalFloats(50'000, 1);
  const Bytes tuned = test_models::TrainedFloats(base, 0.01f, 2);
  const auto put = [&](const Bytes& weights, const std::vector<ArtifactId>& alike) {
    const auto ingest = world_.store.BeginIngest(nullptr);
    const auto result = world_.store.PutFile(
        test_models::MemoryFile(weights), {{"w", 1, 0, weights.size()}}, alike, *ingest, nullptr);
    EXPECT_TRUE(result.ok() && ingest->Finish().ok());
    return result->artifact;
  };
  const ArtifactId base_file = put(base, {});
  const ArtifactId tuned_file = put(tuned, {base_file});
  ASSERT_THAT(world_.store.GetStored(IdOf<ChunkId>(tuned))->bases, SizeIs(1));
  ASSERT_TRUE(world_.Collect({tuned_file}).ok());
  EXPECT_TRUE(absl::IsNotFound(world_.Read(base_file).status()));
  EXPECT_EQ(*world_.Read(tuned_file), tuned);
  EXPECT_THAT(world_.Problems(), IsEmpty());
  ASSERT_TRUE(world_.Collect({}).ok());
  EXPECT_THAT(world_.Chunks(), IsEmpty());
}

// The difference's pack is written again while the base is in another.
TEST_F(GcTest, ADifferenceIsMovedWithItsBase) {
  const Bytes base = test_models::NormalFloats(5'000, 3);
  const Bytes tuned = test_models::TrainedFloats(base, 0.01f, 4);
  const ChunkId base_id = IdOf<ChunkId>(base), tuned_id = IdOf<ChunkId>(tuned);
  const ArtifactId base_file = world_.PutOne({base});
  const Bytes junk = Piece(5, 60'000);
  const auto ingest = world_.store.BeginIngest(nullptr);
  ASSERT_TRUE(ingest->Add(EncodeBeside(tuned_id, tuned, 1, {{base_id}, 1, base})).ok());
  ASSERT_TRUE(ingest->Add(Encode(IdOf<ChunkId>(junk), junk)).ok());
  Recipe recipe;
  recipe.artifact = IdOf<ArtifactId>(tuned);
  recipe.size = tuned.size();
  recipe.chunks = {{tuned_id, static_cast<uint32_t>(tuned.size()), 1}};
  recipe.spans = {{0, 0, static_cast<uint32_t>(tuned.size())}};
  ingest->AddRecipe(recipe);
  ASSERT_TRUE(ingest->Finish().ok());
  const auto outcome = world_.Collect({base_file, recipe.artifact});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->rewritten_packs, 1u);
  EXPECT_EQ(*world_.Read(recipe.artifact), tuned);
  EXPECT_THAT(world_.store.GetStored(tuned_id)->bases, SizeIs(1));
}

TEST_F(GcTest, APlanChangesNothing) {
  world_.PutOne({Piece(1)});
  const auto plan = world_.Plan({});
  ASSERT_TRUE(plan.ok());
  EXPECT_THAT(plan->dead_files, SizeIs(1));
  EXPECT_THAT(plan->dead_chunks, SizeIs(1));
  EXPECT_THAT(plan->dead_packs, SizeIs(1));
  EXPECT_EQ(plan->dead_bytes, 2'000u);
  EXPECT_GT(plan->free_bytes, 2'000u);
  EXPECT_THAT(world_.Chunks(), SizeIs(1));
}

TEST_F(GcTest, WhatIsYoungStays) {
  const ArtifactId file = world_.PutOne({Piece(1)});
  const auto plan = PlanGc(world_.store, {}, {world_.now, std::chrono::hours(1)});
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->kept_files, 1u);
  NothingIsHeld guard;
  ASSERT_TRUE(ExecuteGc(world_.store, *plan, guard, nullptr).ok());
  EXPECT_TRUE(world_.Read(file).ok());
}

TEST_F(GcTest, APackThatIsMostlyDeadIsWrittenAgain) {
  const auto files = world_.Put({{Piece(1)}, {Piece(2, 9'000)}});
  const PackId before = world_.packs->List()->front().id;
  const auto outcome = world_.Collect({files[0]});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->rewritten_packs, 1u);
  EXPECT_GT(outcome->freed_bytes, 8'000u);
  ASSERT_THAT(*world_.packs->List(), SizeIs(1));
  EXPECT_NE(world_.packs->List()->front().id, before);
  EXPECT_EQ(*world_.Read(files[0]), Piece(1));
  EXPECT_THAT(world_.Problems(), IsEmpty());
}

TEST_F(GcTest, APackThatIsMostlyAliveStays) {
  const auto files = world_.Put({{Piece(1, 9'000)}, {Piece(2)}});
  EXPECT_EQ(world_.Collect({files[0]})->removed_packs, 0u);
  EXPECT_THAT(world_.Chunks(), SizeIs(1));
}

TEST_F(GcTest, ALivePackOfTinyChunksIsNotWrittenAgain) {
  const ArtifactId file = world_.PutOne({"a", "b", "c"});
  const auto plan = world_.Plan({file});
  EXPECT_THAT(plan->sparse_packs, IsEmpty());
  EXPECT_THAT(plan->dead_packs, IsEmpty());
}

TEST_F(GcTest, AReaderWithAnOldPlaceFindsTheNewOne) {
  const auto files = world_.Put({{Piece(1)}, {Piece(2, 9'000)}});
  const ChunkId id = IdOf<ChunkId>(Piece(1));
  const auto places = *world_.store.Locate({&id, 1});
  ASSERT_EQ(world_.Collect({files[0]})->rewritten_packs, 1u);
  const auto chunk = world_.store.ReadAt(id, places[0]);
  ASSERT_TRUE(chunk.ok()) << chunk.status();
  EXPECT_EQ(*Decode(*chunk), Piece(1));
  const ChunkId gone = IdOf<ChunkId>(Piece(2, 9'000));
  EXPECT_TRUE(absl::IsNotFound(world_.store.ReadAt(gone, places[0]).status()));
}

TEST_F(GcTest, OneThatIsStoppedLeavesTheRestToTheNext) {
  const auto files = world_.Put({{Piece(1)}, {Piece(2)}});
  std::stop_source source;
  source.request_stop();
  NothingIsHeld guard;
  const auto plan = world_.Plan({files[0]});
  EXPECT_TRUE(absl::IsCancelled(
      ExecuteGc(world_.store, *plan, guard, nullptr, source.get_token()).status()));
  EXPECT_THAT(world_.Problems(), IsEmpty());
  const auto rest = world_.Collect({files[0]});
  ASSERT_TRUE(rest.ok()) << rest.status();
  EXPECT_EQ(rest->removed_chunks, 1u);
  EXPECT_EQ(*world_.Read(files[0]), Piece(1));
}

TEST_F(GcTest, AFileThatIsHeldStaysWithItsChunks) {
  const ArtifactId file = world_.PutOne({Piece(1), Piece(2)});
  Holding guard;
  guard.files.insert(file);
  const auto outcome = ExecuteGc(world_.store, *world_.Plan({}), guard, nullptr);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->removed_chunks, 0u);
  EXPECT_EQ(*world_.Read(file), Piece(1) + Piece(2));
}

TEST_F(GcTest, AChunkThatIsHeldStaysWithItsPack) {
  world_.PutOne({Piece(1), Piece(2)});
  Holding guard;
  guard.chunks.insert(IdOf<ChunkId>(Piece(1)));
  const auto outcome = ExecuteGc(world_.store, *world_.Plan({}), guard, nullptr);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->held, 1u);
  EXPECT_EQ(outcome->removed_packs, 0u);
  EXPECT_EQ(*world_.store.Get(IdOf<ChunkId>(Piece(1))), Piece(1));
  EXPECT_THAT(world_.Problems(), IsEmpty());
}

TEST_F(GcTest, AChunkThatWasWrittenAgainSinceThePlanStays) {
  world_.PutOne({Piece(1), Piece(2)});
  const auto plan = *world_.Plan({});
  const ArtifactId again = world_.PutOne({Piece(1)});
  NothingIsHeld guard;
  const auto outcome = ExecuteGc(world_.store, plan, guard, nullptr);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->removed_chunks, 1u);
  EXPECT_EQ(*world_.Read(again), Piece(1));
  EXPECT_THAT(world_.Problems(), IsEmpty());
}

TEST_F(GcTest, APackWithADamagedLiveChunkStaysAndIsTold) {
  const auto files = world_.Put({{Piece(1)}, {Piece(2, 9'000)}});
  const PackId id = world_.packs->List()->front().id;
  const std::string path =
      fmt::format("{}/packs/{}/{}.pack", world_.directory, id.ToHex().substr(0, 2), id.ToHex());
  Bytes content = *ReadSmallFile(PosixFileSystem(), path, 1 << 20);
  content[100] = static_cast<char>(content[100] ^ 1);
  ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), path, content).ok());
  const auto outcome = world_.Collect({files[0]});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_THAT(outcome->problems, SizeIs(1));
  EXPECT_THAT(*world_.packs->List(), SizeIs(1));
}

TEST_F(GcTest, ADamagedRecipeInUseEndsIt) {
  const ArtifactId file = world_.PutOne({Piece(1)});
  kv::Batch batch;
  batch.Put(kv::Table::kRecipes, file.bytes(), "nonsense");
  ASSERT_TRUE(world_.index.Commit(batch).ok());
  EXPECT_TRUE(absl::IsDataLoss(world_.Plan({file}).status()));
  EXPECT_TRUE(world_.Plan({}).ok());
}

TEST_F(GcTest, APackThatWasJustPublishedIsNotTakenForALeftOver) {
  auto writer = PackWriter::Begin(*world_.packs);
  ASSERT_TRUE(writer->Add(Encode(IdOf<ChunkId>("x"), "x")).ok());
  ASSERT_TRUE(writer->Seal().ok());
  const auto plan_after = [&](std::chrono::minutes passed) {
    return *PlanGc(world_.store, {}, {world_.now + passed, std::chrono::milliseconds(0)});
  };
  EXPECT_THAT(plan_after(std::chrono::minutes(30)).dead_packs, IsEmpty());
  EXPECT_THAT(plan_after(std::chrono::minutes(90)).dead_packs, SizeIs(1));
}

TEST_F(GcTest, FsckBesideACollectionFindsNothingWrong) {
  const auto files = world_.Put({{Piece(1)}, {Piece(2, 9'000)}});
  world_.PutOne({Piece(3)});
  bool collected = false;
  const auto report = Fsck(world_.store, FsckDepth::kContent, [&](uint64_t) {
    if (std::exchange(collected, true)) return;
    EXPECT_TRUE(world_.Collect({files[0]}).ok());
  });
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(collected);
  EXPECT_THAT(report->problems, IsEmpty());
}

}  // namespace
}  // namespace mreg::content
