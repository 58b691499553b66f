#include "storage/content/optimize.h"

#include <thread>

#include "storage/content/chunk_receiver.h"
#include "storage/content/encoding/prediction.h"
#include "storage/content/gc_fixture.h"
#include "storage/content/similar_tensors.h"
#include "tests/models/memory_file.h"
#include "tests/models/weights.h"

namespace mreg::content {
namespace {

using encoding::Rule;
using test_models::NormalFloats;
using test_models::TrainedFloats;

constexpr onnx::DataType kFloat = 1, kFloat16 = 10;
constexpr size_t kElements = 300'000;  // more than a piece
constexpr size_t kFewElements = 10'000;
constexpr unsigned kTunes = 4;

// Holds what it was told to, and tells when a step begins.
class TestGuard final : public BaseGuard {
 public:
  absl::StatusOr<std::unique_ptr<Step>> BeginStep() override {
    if (on_step) on_step();
    struct Held final : Step {
      explicit Held(const TestGuard& of) : guard(of) {}
      bool HoldsAsBase(const ChunkId& chunk) const override {
        return guard.holds_all || guard.held.contains(chunk);
      }
      const TestGuard& guard;
    };
    return std::make_unique<Held>(*this);
  }

  bool holds_all = false;
  std::set<ChunkId> held;
  std::function<void()> on_step;
};

struct OptimizedStore : GcStore {
  // As a file that nothing was known to be like.
  ArtifactId PutTensor(const Bytes& weights, onnx::DataType type = kFloat) {
    ForgetSketches();
    const auto ingest = store.BeginIngest(nullptr);
    const auto put = store.PutFile(test_models::MemoryFile("head of a file" + weights),
                                   {{"w", type, 14, weights.size()}}, {}, *ingest, nullptr);
    EXPECT_TRUE(put.ok() && ingest->Finish().ok()) << put.status();
    ForgetSketches();
    files.emplace(put->artifact, "head of a file" + weights);
    return put->artifact;
  }

  // A tensor, fine-tunes and a cast of it.
  void PutFamily(uint32_t elements = kElements) {
    const Bytes weights = NormalFloats(elements, 1);
    base = PutTensor(weights);
    for (unsigned i = 0; i < kTunes; ++i) PutTensor(TrainedFloats(weights, 0.01f, 10 + i));
    PutTensor(encoding::Predict(weights, {Rule::Kind::kRound, kFloat, kFloat16, elements}),
              kFloat16);
  }

  void ForgetSketches() {
    kv::Batch batch;
    EXPECT_TRUE(index
                    .Scan(kv::Table::kSketches, "", "",
                          [&](ByteView key, ByteView) {
                            batch.Remove(kv::Table::kSketches, key);
                            return true;
                          })
                    .ok());
    EXPECT_TRUE(index.Commit(batch).ok());
  }

  absl::StatusOr<OptimizeReport> Improve(OptimizeMode mode = OptimizeMode::kExecute,
                                         const MayRely& may_rely = nullptr) {
    OptimizeOptions options;
    options.mode = mode;
    return Optimize(store, options, guard, may_rely, nullptr);
  }

  std::vector<ChunkId> ChunksOf(const ArtifactId& file) const {
    const Recipe recipe = **store.FindRecipe(file);
    return TensorOf(recipe, recipe.tensors.front()).chunks;
  }

  std::set<ChunkId> Differences() const {
    std::set<ChunkId> ids;
    for (const ChunkId& id : Chunks()) {
      if (!store.GetStored(id)->bases.empty()) ids.insert(id);
    }
    return ids;
  }

  void ExpectSound() {
    EXPECT_THAT(Problems(), testing::IsEmpty());
    for (const auto& [artifact, content] : files) EXPECT_EQ(*Read(artifact), content);
    const std::set<ChunkId> differences = Differences();
    const auto bases = *ListBases(index);
    for (const ChunkId& id : bases) EXPECT_FALSE(differences.contains(id));
  }

  TestGuard guard;
  std::map<ArtifactId, Bytes> files;
  std::optional<ArtifactId> base;
};

class OptimizeTest : public testing::Test, protected OptimizedStore {};

TEST_F(OptimizeTest, AFamilyThatCameAsUnrelatedFilesCostsLittleMoreThanOneOfThem) {
  PutFamily();
  const uint64_t before = store.Stats()->stored_bytes;
  EXPECT_THAT(Differences(), testing::IsEmpty());
  const auto report = Improve();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->looked_files, kTunes + 2);
  EXPECT_EQ(report->improved_chunks, 2 * kTunes + 1);
  EXPECT_EQ(report->held, 0);
  EXPECT_LT(report->bytes_after, report->bytes_before * 3 / 4);
  const uint64_t after = store.Stats()->stored_bytes;
  EXPECT_LE(after, before - report->bytes_before + report->bytes_after);
  ExpectSound();
}

TEST_F(OptimizeTest, TheOldCopiesAreGarbage) {
  PutFamily();
  ASSERT_TRUE(Improve().ok());
  absl::flat_hash_set<ArtifactId> used;
  for (const auto& [artifact, content] : files) used.insert(artifact);
  const uint64_t before = store.Stats()->pack_bytes;
  ASSERT_TRUE(Collect(used).ok());
  EXPECT_LT(store.Stats()->pack_bytes, before * 3 / 5);
  ExpectSound();
}

TEST_F(OptimizeTest, ASecondRunReadsNothingAndChangesNothing) {
  PutFamily();
  ASSERT_TRUE(Improve().ok());
  index.DieAfter(1);
  const auto again = Improve();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->files, kTunes + 2);
  EXPECT_EQ(again->looked_files, 0);
}

TEST_F(OptimizeTest, WhatComesLaterFindsWhatWasLookedAt) {
  const Bytes weights = NormalFloats(kElements, 1);
  PutTensor(weights);
  ASSERT_TRUE(Improve().ok());
  std::vector<std::pair<Bytes, Bytes>> rows;
  ASSERT_TRUE(index
                  .Scan(kv::Table::kSketches, "", "",
                        [&](ByteView key, ByteView row) {
                          rows.emplace_back(key, row);
                          return true;
                        })
                  .ok());
  ASSERT_EQ(rows.size(), 1);
  PutTensor(TrainedFloats(weights, 0.01f, 2));
  kv::Batch batch;
  batch.Put(kv::Table::kSketches, rows[0].first, rows[0].second);
  ASSERT_TRUE(index.Commit(batch).ok());
  const auto report = Improve();
  EXPECT_EQ(report->looked_files, 1);
  EXPECT_EQ(report->improved_chunks, 2);
  ExpectSound();
}

TEST_F(OptimizeTest, ADryRunTellsTheSameAndChangesNoChunk) {
  PutFamily();
  const auto planned = Improve(OptimizeMode::kDryRun);
  ASSERT_TRUE(planned.ok());
  EXPECT_THAT(Differences(), testing::IsEmpty());
  const auto report = Improve();
  EXPECT_EQ(planned->improved_chunks, report->improved_chunks);
  EXPECT_EQ(planned->bytes_after, report->bytes_after);
}

TEST_F(OptimizeTest, UnrelatedFilesStayAsTheyAre) {
  for (unsigned i = 0; i < 3; ++i) PutTensor(NormalFloats(kElements, i));
  const auto report = Improve();
  EXPECT_EQ(report->tensors, 3);
  EXPECT_EQ(report->improved_chunks, 0);
  EXPECT_EQ(Improve()->looked_files, 0);
}

TEST_F(OptimizeTest, WhatOthersMayBuildOnStaysUntilTheNextRun) {
  PutFamily();
  guard.holds_all = true;
  const auto first = Improve();
  EXPECT_EQ(first->improved_chunks, 0);
  EXPECT_EQ(first->held, 2 * kTunes + 1);
  EXPECT_THAT(Differences(), testing::IsEmpty());
  guard.holds_all = false;
  EXPECT_EQ(Improve()->improved_chunks, 2 * kTunes + 1);
  ExpectSound();
}

TEST_F(OptimizeTest, ABaseThatCameToNeedOthersMeanwhileIsNone) {
  const Bytes weights = NormalFloats(1'000, 1) + NormalFloats(100'000, 2);
  const ArtifactId first = PutTensor(weights);
  const ArtifactId second = PutTensor(TrainedFloats(weights, 0.01f, 3));
  const ChunkId one = ChunksOf(first).front(), other = ChunksOf(second).front();
  // Somebody else makes each that the optimizer wants as a base a difference to the other.
  guard.on_step = [&] {
    for (const auto& [id, needed] : {std::pair(one, other), std::pair(other, one)}) {
      if (!ListBases(index)->empty()) break;
      const Bytes plain = *store.Get(id);
      const auto base_of = *store.FindBase({&needed, 1}, kFloat);
      const StoredChunk stored = EncodeBeside(id, plain, kFloat, *base_of);
      ASSERT_FALSE(stored.bases.empty());
      auto writer = *PackWriter::Begin(*packs);
      ASSERT_TRUE(writer.Add(stored).ok());
      kv::Batch batch;
      StagePack(*writer.Seal(), batch);
      ASSERT_TRUE(index.Commit(batch).ok());
    }
  };
  const auto report = Improve();
  ASSERT_TRUE(report.ok());
  ExpectSound();
  EXPECT_EQ(Differences().size(), 1);
}

TEST_F(OptimizeTest, OnlyWhatAllReadersOfAChunkMayReadIsItsBase) {
  PutFamily();
  const std::vector<ChunkId> secret = ChunksOf(*base);
  const auto report = Improve(OptimizeMode::kExecute, [&](std::span<const ChunkId> dependants,
                                                          std::span<const ChunkId> bases) {
    const auto is_secret = [&](const ChunkId& id) {
      return std::ranges::find(secret, id) != secret.end();
    };
    return std::ranges::any_of(dependants, is_secret) == std::ranges::any_of(bases, is_secret);
  });
  ASSERT_TRUE(report.ok());
  EXPECT_GT(report->improved_chunks, 0);
  const std::set<ChunkId> differences = Differences();
  const auto bases = *ListBases(index);
  for (const ChunkId& id : secret) {
    EXPECT_FALSE(bases.contains(id) || differences.contains(id));
  }
  ExpectSound();
}

TEST_F(OptimizeTest, ATransferUnderWayGoesOnInTheOldForm) {
  PutFamily();
  std::vector<ChunkId> ids;
  for (const auto& [artifact, content] : files) {
    for (const ChunkId& id : ChunksOf(artifact)) ids.push_back(id);
  }
  auto sender = *ChunkSender::Open(store, ids, {});
  const auto promised = sender->length();
  ASSERT_TRUE(promised.has_value());
  ASSERT_GT(Improve()->improved_chunks, 0);
  GcStore other;
  ChunkReceiver receiver(other.store, nullptr, nullptr, nullptr);
  Bytes buffer(1 << 20, '\0');
  uint64_t sent = 0;
  while (true) {
    const auto got = sender->Read(buffer);
    ASSERT_TRUE(got.ok()) << got.status();
    if (*got == 0) break;
    sent += *got;
    ASSERT_TRUE(receiver.Write(ByteView(buffer).substr(0, *got)).ok());
  }
  ASSERT_TRUE(receiver.Finish().ok());
  EXPECT_EQ(sent, *promised);
  EXPECT_THAT(other.store.Missing(ids)->size(), 0);
}

// Collected at once, against the grace period: the stream's length was promised.
TEST_F(OptimizeTest, ATransferWhoseOldFormWasCollectedIsBrokenOffAndNotWrong) {
  PutFamily();
  std::vector<ChunkId> ids;
  absl::flat_hash_set<ArtifactId> used;
  for (const auto& [artifact, content] : files) {
    used.insert(artifact);
    for (const ChunkId& id : ChunksOf(artifact)) ids.push_back(id);
  }
  auto sender = *ChunkSender::Open(store, ids, {});
  ASSERT_GT(Improve()->improved_chunks, 0);
  ASSERT_GT(Collect(used)->removed_packs, 0);
  Bytes buffer(1 << 20, '\0');
  absl::StatusOr<size_t> got = size_t{1};
  while (got.ok() && *got > 0) got = sender->Read(buffer);
  EXPECT_TRUE(absl::IsUnavailable(got.status())) << got.status();
}

TEST_F(OptimizeTest, ARunThatIsStoppedKeepsWhatItFoundAndTheNextDoesTheRest) {
  PutFamily();
  std::stop_source source;
  OptimizeOptions options;
  options.stop = source.get_token();
  const auto stopped =
      Optimize(store, options, guard, nullptr, [&](std::string_view, uint64_t done, uint64_t) {
        if (done == 3) source.request_stop();
      });
  ASSERT_TRUE(stopped.ok()) << stopped.status();
  EXPECT_TRUE(stopped->was_stopped);
  EXPECT_EQ(stopped->looked_files, 3);
  EXPECT_EQ(Differences().size(), stopped->improved_chunks);
  EXPECT_GT(stopped->improved_chunks, 0);
  ExpectSound();
  const auto rest = Improve();
  ASSERT_TRUE(rest.ok()) << rest.status();
  EXPECT_FALSE(rest->was_stopped);
  EXPECT_EQ(rest->looked_files, kTunes + 2 - 3);
  EXPECT_EQ(stopped->improved_chunks + rest->improved_chunks, 2 * kTunes + 1);
  ExpectSound();
}

// With one percent of the time it would take minutes.
TEST_F(OptimizeTest, ARunThatWorksAtEaseIsStoppedAtOnce) {
  PutFamily();
  std::stop_source source;
  OptimizeOptions options;
  options.cpu_percent = 1;
  options.stop = source.get_token();
  const auto begin = std::chrono::steady_clock::now();
  std::jthread stopping([&] { source.request_stop(); });
  const auto stopped = Optimize(store, options, guard, nullptr, nullptr);
  ASSERT_TRUE(stopped.ok()) << stopped.status();
  EXPECT_TRUE(stopped->was_stopped);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  ExpectSound();
}

TEST(OptimizeKilledTest, AtAnyBatchNothingIsLostAndTheNextRunDoesTheRest) {
  for (int commits = 1;; ++commits) {
    OptimizedStore world;
    world.PutFamily(kFewElements);
    world.index.DieAfter(commits);
    const bool died = !world.Improve().ok();
    world.index.DieAfter(-1);
    world.fs.Heal();
    ASSERT_TRUE(world.store.RecoverUploads(nullptr).ok());
    world.ExpectSound();
    ASSERT_TRUE(world.Improve().ok());
    EXPECT_EQ(world.Differences().size(), kTunes + 1) << commits;
    world.ExpectSound();
    if (!died) break;
  }
}

TEST(OptimizeKilledTest, AtAnyStepOfTheDiskNothingIsLostAndTheNextRunDoesTheRest) {
  for (int steps = 0;; ++steps) {
    OptimizedStore world;
    world.PutFamily(kFewElements);
    world.fs.DieAfter(steps);
    const bool died = !world.Improve().ok();
    world.fs.Heal();
    ASSERT_TRUE(world.store.RecoverUploads(nullptr).ok());
    ASSERT_TRUE(world.Improve().ok());
    EXPECT_EQ(world.Differences().size(), kTunes + 1) << steps;
    world.ExpectSound();
    if (!died) break;
  }
}

}  // namespace
}  // namespace mreg::content
