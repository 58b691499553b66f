#include "storage/content/content_store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "schema/base/faulty_file_system.h"
#include "schema/base/sha256.h"
#include "storage/content/encoding/prediction.h"
#include "storage/content/encoding/transposition.h"
#include "storage/content/fsck.h"
#include "storage/content/record_stream.h"
#include "storage/kv/memory_store.h"
#include "tests/models/memory_file.h"
#include "tests/models/weights.h"

namespace mreg::content {
namespace {

using test_models::MemoryFile;

std::string FreshDirectory() {
  std::string path = JoinPath(testing::TempDir(), "content-XXXXXX");
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  return path;
}

struct CollectSink final : ByteSink {
  absl::Status Write(ByteView data) override {
    content.append(data);
    return absl::OkStatus();
  }
  Bytes content;
};

Bytes RandomBytes(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  Bytes bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

class ContentStoreTest : public testing::Test {
 protected:
  absl::StatusOr<PutResult> TryPut(const Bytes& content) {
    const auto ingest = store_.BeginIngest(nullptr);
    auto result = store_.PutFile(MemoryFile(content), {}, {}, *ingest, nullptr);
    if (!result.ok()) return result;
    if (auto status = ingest->Finish(); !status.ok()) return status;
    return result;
  }

  PutResult Put(const Bytes& content) {
    auto result = TryPut(content);
    EXPECT_TRUE(result.ok()) << result.status();
    return *result;
  }

  absl::StatusOr<Bytes> Read(const ArtifactId& artifact) {
    const auto recipe = store_.FindRecipe(artifact);
    if (!recipe.ok()) return recipe.status();
    if (!*recipe) return absl::NotFoundError("no recipe");
    CollectSink sink;
    if (auto status = store_.CopyVerified(**recipe, sink, nullptr); !status.ok()) return status;
    return sink.content;
  }

  void Enter(const Recipe& recipe) {
    kv::Batch batch;
    StageRecipe(recipe, batch);
    ASSERT_TRUE(index_->Commit(batch).ok());
  }

  std::string OnlyPack() {
    const PackId id = packs_->List()->front().id;
    return fmt::format("{}/packs/{}/{}.pack", directory_, id.ToHex().substr(0, 2), id.ToHex());
  }

  void Flip(const std::string& path, size_t at) {
    Bytes content = *ReadSmallFile(PosixFileSystem(), path, 1 << 30);
    content[at] = static_cast<char>(content[at] ^ 1);
    ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), path, content).ok());
  }

  const std::string directory_ = FreshDirectory();
  FaultyFileSystem fs_{PosixFileSystem()};
  const std::unique_ptr<kv::KeyValueStore> index_ = kv::MakeMemoryStore();
  const std::unique_ptr<PackStore> packs_ = *OpenPackFolder(fs_, directory_);
  ContentStore store_{*index_, *packs_};
};

TEST_F(ContentStoreTest, FilesComeBackByteForByte) {
  for (size_t size : {0u, 1u, 4'095u, 70'000u, 5u << 20}) {
    const Bytes content = RandomBytes(size, 7);
    const PutResult result = Put(content);
    EXPECT_EQ(result.artifact, IdOf<ArtifactId>(content));
    EXPECT_EQ(result.size, size);
    EXPECT_EQ(*Read(result.artifact), content);
  }
}

// What lies behind it in the pack would be sought in the wrong place.
TEST_F(ContentStoreTest, NothingIsWrittenBehindAFailedWrite) {
  const auto add = [](ChunkIngest& ingest, const Bytes& plain) {
    return ingest.Add(Encode(IdOf<ChunkId>(plain), plain));
  };
  for (int writes = 0; writes < 2; ++writes) {
    const auto ingest = store_.BeginIngest(nullptr);
    ASSERT_TRUE(add(*ingest, RandomBytes(1'000, 11)).ok());
    fs_.FailAfter(writes, absl::ResourceExhaustedError("full"));
    EXPECT_TRUE(absl::IsResourceExhausted(add(*ingest, RandomBytes(1'000, 12))));
    fs_.Heal();
    EXPECT_TRUE(absl::IsResourceExhausted(add(*ingest, RandomBytes(1'000, 13))));
    EXPECT_TRUE(absl::IsResourceExhausted(ingest->Finish()));
    EXPECT_TRUE(Fsck(store_, FsckDepth::kContent, nullptr)->problems.empty());
    EXPECT_EQ(store_.Stats()->chunks, 0u);
  }
}

TEST_F(ContentStoreTest, TheSameFileAgainStoresNothing) {
  const Bytes content = RandomBytes(3 << 20, 8);
  EXPECT_EQ(Put(content).new_bytes, content.size());
  const uint64_t before = store_.Stats()->pack_bytes;
  EXPECT_EQ(Put(content).new_bytes, 0u);
  EXPECT_EQ(store_.Stats()->pack_bytes, before);
}

TEST_F(ContentStoreTest, RepetitionInsideAFileIsStoredOnce) {
  const Bytes piece = RandomBytes(2 << 20, 9);
  const Bytes content = piece + piece + piece;
  EXPECT_LT(Put(content).new_bytes, piece.size() + (512 << 10));
  EXPECT_EQ(*Read(IdOf<ArtifactId>(content)), content);
}

TEST_F(ContentStoreTest, AnEditInTheMiddleStoresLittle) {
  Bytes content = RandomBytes(8 << 20, 10);
  Put(content);
  content.insert(4 << 20, "an insertion");
  EXPECT_LT(Put(content).new_bytes, 600u << 10);
}

TEST_F(ContentStoreTest, FsckBesideAWriterFindsNothingWrong) {
  Put(RandomBytes(1 << 20, 21));
  bool written = false;
  const auto report = Fsck(store_, FsckDepth::kContent, [&](uint64_t) {
    if (!std::exchange(written, true)) Put(RandomBytes(1 << 20, 22));
  });
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(written);
  EXPECT_THAT(report->problems, testing::IsEmpty());
  EXPECT_EQ(report->packs, 2u);
}

TEST_F(ContentStoreTest, RangesAreThePartsOfTheFile) {
  const Bytes content = RandomBytes(3 << 20, 11);
  const Recipe recipe = **store_.FindRecipe(Put(content).artifact);
  std::mt19937 random(12);
  for (int i = 0; i < 50; ++i) {
    const uint64_t offset = random() % (content.size() + 10);
    const uint64_t length = random() % (1 << 20);
    const auto source = store_.OpenRange(recipe, offset, length);
    Bytes got(length + 1, '\0');
    const auto count = source->Read(got);
    ASSERT_TRUE(count.ok());
    got.resize(*count);
    EXPECT_EQ(got, offset < content.size() ? content.substr(offset, length) : "");
  }
}

TEST_F(ContentStoreTest, AFlippedBitIsFoundAndNeverServed) {
  const Bytes content = RandomBytes(1 << 20, 13);
  const PutResult result = Put(content);
  Flip(OnlyPack(), 500'000);
  EXPECT_EQ(Read(result.artifact).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(Fsck(store_, FsckDepth::kIndex, nullptr)->problems.empty());
  const auto report = *Fsck(store_, FsckDepth::kContent, nullptr);
  EXPECT_EQ(report.damaged.size(), 1u);
  EXPECT_EQ(report.problems.size(), 1u);
}

TEST_F(ContentStoreTest, FsckFindsALostPack) {
  Put(RandomBytes(1 << 20, 14));
  ASSERT_TRUE(PosixFileSystem().Remove(OnlyPack()).ok());
  const auto report = *Fsck(store_, FsckDepth::kIndex, nullptr);
  EXPECT_FALSE(report.problems.empty());
  EXPECT_FALSE(report.damaged.empty());
}

TEST_F(ContentStoreTest, FsckOfASoundStoreFindsNothing) {
  Put(RandomBytes(1 << 20, 15));
  Put(Bytes(1 << 20, 'x'));
  const auto report = *Fsck(store_, FsckDepth::kContent, nullptr);
  EXPECT_THAT(report.problems, testing::IsEmpty());
  EXPECT_EQ(report.artifacts, 2u);
}

TEST_F(ContentStoreTest, ALostIndexOfChunksIsRebuiltFromPacks) {
  const Bytes content = RandomBytes(2 << 20, 16);
  const PutResult result = Put(content);
  kv::Batch forget;
  ASSERT_TRUE(index_
                  ->Scan(kv::Table::kChunks, "", "",
                         [&](ByteView key, ByteView) {
                           forget.Remove(kv::Table::kChunks, key);
                           return true;
                         })
                  .ok());
  ASSERT_TRUE(index_->Commit(forget).ok());
  EXPECT_FALSE(Read(result.artifact).ok());
  EXPECT_GT(*RebuildIndex(store_), 0u);
  EXPECT_EQ(*Read(result.artifact), content);
}

TEST_F(ContentStoreTest, ARecipeForAnotherFileIsNotBelieved) {
  Recipe recipe = **store_.FindRecipe(Put(RandomBytes(100'000, 17)).artifact);
  recipe.artifact = IdOf<ArtifactId>("something else");
  EXPECT_EQ(store_.Verify(recipe).code(), absl::StatusCode::kDataLoss);
}

TEST_F(ContentStoreTest, AnUnprovedRecipeIsProvedWhenItIsFirstWrittenOut) {
  Recipe recipe = **store_.FindRecipe(Put(RandomBytes(100'000, 23)).artifact);
  recipe.is_proved = false;
  Enter(recipe);
  EXPECT_FALSE((*store_.FindRecipe(recipe.artifact))->is_proved);
  ASSERT_TRUE(Read(recipe.artifact).ok());
  EXPECT_TRUE((*store_.FindRecipe(recipe.artifact))->is_proved);
}

TEST_F(ContentStoreTest, AnUnprovedRecipeThatGivesAnotherFileIsForgotten) {
  Recipe recipe = **store_.FindRecipe(Put(RandomBytes(100'000, 24)).artifact);
  recipe.artifact = IdOf<ArtifactId>("something else");
  recipe.is_proved = false;
  Enter(recipe);
  EXPECT_TRUE(absl::IsDataLoss(Read(recipe.artifact).status()));
  EXPECT_FALSE(store_.FindRecipe(recipe.artifact)->has_value());
}

TEST_F(ContentStoreTest, ADamagedChunkIsNoReasonToForgetARecipe) {
  Recipe recipe = **store_.FindRecipe(Put(RandomBytes(100'000, 25)).artifact);
  recipe.is_proved = false;
  Enter(recipe);
  Flip(OnlyPack(), 5'000);
  const auto read = Read(recipe.artifact);
  EXPECT_TRUE(absl::IsDataLoss(read.status()));
  EXPECT_THAT(read.status().message(), testing::HasSubstr("chunk"));
  EXPECT_TRUE(store_.FindRecipe(recipe.artifact)->has_value());
}

class FamilyTest : public ContentStoreTest {
 protected:
  PutResult PutTensor(const Bytes& weights, const std::string& name, std::vector<ArtifactId> alike,
                      onnx::DataType type = kFloat, std::vector<int64_t> dims = {}) {
    const auto ingest = store_.BeginIngest(nullptr);
    const uint64_t before = store_.Stats()->stored_bytes;
    auto result =
        store_.PutFile(MemoryFile(weights), {{name, type, 0, weights.size(), std::move(dims)}},
                       alike, *ingest, nullptr);
    EXPECT_TRUE(result.ok() && ingest->Finish().ok()) << result.status();
    share_ = static_cast<double>(store_.Stats()->stored_bytes - before) /
             static_cast<double>(weights.size());
    return *result;
  }

  static constexpr onnx::DataType kFloat = 1;
  const Bytes base_ = test_models::NormalFloats(600'000, 31);
  const Bytes tuned_ = test_models::TrainedFloats(base_, 0.01f, 32);
  double share_ = 0;  // of the last file: stored by its length
};

// Damage elsewhere in the file does not matter: nothing of it is read.
TEST_F(FamilyTest, ATensorsRangeReadsItsChunksAndNoOthers) {
  const Bytes file = RandomBytes(2 << 20, 41);
  const std::vector<ExternalRange> tensors = {{"one", kFloat, 0, 1 << 20},
                                              {"two", 10, 1 << 20, 1 << 20}};
  const auto ingest = store_.BeginIngest(nullptr);
  const auto put = store_.PutFile(MemoryFile(file), tensors, {}, *ingest, nullptr);
  ASSERT_TRUE(put.ok() && ingest->Finish().ok()) << put.status();
  const Recipe recipe = **store_.FindRecipe(put->artifact);
  const auto ranges = TensorRangesOf(recipe);
  ASSERT_EQ(ranges.size(), 2u);
  EXPECT_EQ(ranges[1].name, "two");
  EXPECT_EQ(ranges[1].type, 10);
  EXPECT_EQ(ranges[1].offset, 1u << 20);
  EXPECT_EQ(ranges[1].length, 1u << 20);
  Flip(OnlyPack(), 200'000);
  ContentStore anew{*index_, *packs_};
  const auto read = [&](const TensorRange& range) -> absl::StatusOr<Bytes> {
    const auto source = anew.OpenRange(recipe, range.offset, range.length);
    Bytes bytes(range.length, '\0');
    for (size_t filled = 0; filled < bytes.size();) {
      const auto got = source->Read(std::span<char>(bytes).subspan(filled));
      if (!got.ok()) return got.status();
      if (*got == 0) return absl::DataLossError("it ends early");
      filled += *got;
    }
    return bytes;
  };
  EXPECT_FALSE(read(ranges[0]).ok());
  EXPECT_EQ(*read(ranges[1]), file.substr(1 << 20));
}

TEST_F(FamilyTest, AFineTuneIsStoredAsItsDifference) {
  const ArtifactId base = PutTensor(base_, "w", {}).artifact;
  EXPECT_LT(share_, 0.84);
  const ArtifactId tuned = PutTensor(tuned_, "w", {base}).artifact;
  EXPECT_LT(share_, 0.63);
  EXPECT_EQ(*Read(base), base_);
  EXPECT_EQ(*Read(tuned), tuned_);
  EXPECT_THAT(Fsck(store_, FsckDepth::kContent, nullptr)->problems, testing::IsEmpty());
}

TEST_F(FamilyTest, AFineTuneUnderAnotherNameIsFoundByItsShape) {
  const ArtifactId base = PutTensor(base_, "w", {}).artifact;
  PutTensor(tuned_, "encoder/w", {base});
  EXPECT_LT(share_, 0.63);
}

TEST_F(FamilyTest, TheNextOneIsADifferenceToWhatIsNone) {
  const ArtifactId base = PutTensor(base_, "w", {}).artifact;
  const ArtifactId tuned = PutTensor(tuned_, "w", {base}).artifact;
  const Bytes next = test_models::TrainedFloats(tuned_, 0.003f, 33);
  const ArtifactId last = PutTensor(next, "w", {tuned}).artifact;
  EXPECT_LT(share_, 0.63);
  EXPECT_EQ(*Read(last), next);
  const Recipe recipe = **store_.FindRecipe(last);
  for (const RecipeChunk& chunk : recipe.chunks) {
    const auto bases = store_.GetStored(chunk.id)->bases;
    ASSERT_EQ(bases.size(), 1u);
    EXPECT_THAT(store_.GetStored(bases[0])->bases, testing::IsEmpty());
  }
}

TEST_F(FamilyTest, AGrownTensorCostsWhatWasAdded) {
  const ArtifactId base = PutTensor(base_, "w", {}).artifact;
  const Bytes grown = base_ + test_models::NormalFloats(20'000, 34);
  const ArtifactId artifact = PutTensor(grown, "w", {base}).artifact;
  EXPECT_LT(share_ * static_cast<double>(grown.size()), 80'000 + 2'000);
  EXPECT_EQ(*Read(artifact), grown);
}

TEST_F(FamilyTest, CastsAndQuantisedSiblingsCostNextToNothing) {
  const ArtifactId base = PutTensor(base_, "w", {}).artifact;
  using encoding::Rule;
  const auto count = static_cast<uint32_t>(base_.size() / 4);
  for (const Rule& rule :
       {Rule{Rule::Kind::kRound, kFloat, 10, count}, Rule{Rule::Kind::kRound, kFloat, 16, count},
        Rule{Rule::Kind::kQuantise, kFloat, 3, count, 0, {}, {{0.0006f, 0}}},
        Rule{Rule::Kind::kQuantise, kFloat, 22, count, 0, {}, {{0.008f, 0}}},
        Rule{Rule::Kind::kQuantise, kFloat, 2, count, 0, {}, {{0.0005f, 127}}}}) {
    const Bytes sibling = encoding::Predict(base_, rule);
    const ArtifactId artifact = PutTensor(sibling, "w_quantized", {base}, rule.to).artifact;
    EXPECT_LT(share_, 0.001) << rule.to;
    EXPECT_EQ(*Read(artifact), sibling);
  }
}

TEST_F(FamilyTest, ASiblingWithAScaleForEachChannelCostsItsScales) {
  constexpr uint32_t kRows = 750, kColumns = 800;
  const ArtifactId base = PutTensor(base_, "w", {}, kFloat, {kRows, kColumns}).artifact;
  using encoding::Rule;
  for (const encoding::Grouping& grouping :
       {encoding::Grouping{kColumns, kRows, 0, 0}, encoding::Grouping{1, kColumns, 0, 0}}) {
    Rule rule{Rule::Kind::kQuantiseGroups, kFloat, 3, kRows * kColumns, 0, grouping};
    for (uint32_t i = 0; i < grouping.width; ++i) {
      rule.lines.push_back({0.0006f * (1 + static_cast<float>(i % 7) / 5), 0});
    }
    const Bytes sibling = encoding::Predict(base_, rule);
    const ArtifactId artifact =
        PutTensor(sibling, "w_quantized", {base}, rule.to, {kRows, kColumns}).artifact;
    EXPECT_LT(share_, 0.01);
    EXPECT_EQ(*Read(artifact), sibling);
  }
}

TEST_F(FamilyTest, CopiesInAWiderTypeCostNextToNothing) {
  using encoding::Rule;
  const auto count = static_cast<uint32_t>(base_.size() / 4);
  for (const Rule& rule :
       {Rule{Rule::Kind::kRound, kFloat, 16, count},
        Rule{Rule::Kind::kQuantise, kFloat, 2, count, 0, {}, {{0.0005f, 127}}}}) {
    // Of other weights each, or the second would be found to be like the first.
    const Bytes weights = test_models::NormalFloats(count, static_cast<unsigned>(rule.to));
    const Bytes narrow = encoding::Predict(weights, rule);
    const ArtifactId kept = PutTensor(narrow, "w_quantized", {}, rule.to).artifact;
    Rule back{Rule::Kind::kWiden, rule.to, kFloat, count};
    if (rule.to == 2) {
      back = {Rule::Kind::kDequantiseGroups, rule.to, kFloat, count, 0, {}, rule.lines};
    }
    const Bytes wide = encoding::Predict(narrow, back);
    const ArtifactId artifact = PutTensor(wide, "w", {kept}).artifact;
    EXPECT_LT(share_, 0.001) << rule.to;
    EXPECT_EQ(*Read(artifact), wide);
  }
}

TEST_F(FamilyTest, WhatWasQuantisedAndMultipliedOutAgainCostsNextToNothing) {
  using encoding::Rule;
  const auto count = static_cast<uint32_t>(base_.size() / 4);
  const ArtifactId base = PutTensor(base_, "w", {}).artifact;
  for (const float scale : {0.0006f, 0.0008f}) {
    const Rule down{Rule::Kind::kQuantise, kFloat, 3, count, 0, {}, {{scale, 0}}};
    const Rule up{Rule::Kind::kDequantiseGroups, 3, kFloat, count, 0, {}, down.lines};
    const Bytes levels = encoding::Predict(base_, down), coarse = encoding::Predict(levels, up);
    const ArtifactId kept = PutTensor(levels, "w_quantized", {base}, 3).artifact;
    // Be it beside the base or beside the levels, which are computed from it.
    const ArtifactId artifact = PutTensor(coarse, "w", {scale < .0007f ? kept : base}).artifact;
    EXPECT_LT(share_, 0.001);
    EXPECT_EQ(*Read(artifact), coarse);
  }
}

TEST_F(FamilyTest, OfSeveralThatAreAlikeTheOneThatStoresLeastIsTaken) {
  const Bytes far = test_models::TrainedFloats(base_, 0.1f, 37);
  std::vector<ArtifactId> put;
  const auto ingest = store_.BeginIngest(nullptr);  // in one, so neither is found for the other
  for (const Bytes& weights : {far, base_}) {
    const auto result = store_.PutFile(MemoryFile(weights), {{"w", kFloat, 0, weights.size(), {}}},
                                       {}, *ingest, nullptr);
    ASSERT_TRUE(result.ok()) << result.status();
    put.push_back(result->artifact);
  }
  ASSERT_TRUE(ingest->Finish().ok());
  const ArtifactId tuned = PutTensor(tuned_, "w", {put[0]}).artifact;
  EXPECT_LT(share_, 0.63);
  EXPECT_EQ(*Read(tuned), tuned_);
}

TEST_F(FamilyTest, ATransposedCopyAndWhatIsMadeOfItCostNextToNothing) {
  constexpr int64_t kRows = 750, kColumns = 800;
  constexpr auto kCount = static_cast<uint32_t>(kRows * kColumns);
  const std::vector<int64_t> turned_dims = {kColumns, kRows};
  const auto turned = [&](const Bytes& weights) {
    return encoding::Transpose(weights, {kFloat, kRows, kColumns, 0}, kCount);
  };
  const ArtifactId base = PutTensor(base_, "linear.weight", {}, kFloat, {kRows, kColumns}).artifact;
  const Bytes other_way = turned(base_);
  // By its length alone the same tensor is a candidate as it is.
  const ArtifactId copy = PutTensor(other_way, "MatMul_7", {base}, kFloat, turned_dims).artifact;
  EXPECT_LT(share_, 0.002);
  EXPECT_EQ(*Read(copy), other_way);
  // What is like the copy leads to what that is computed from.
  const Bytes tuned = turned(tuned_);
  const ArtifactId next = PutTensor(tuned, "MatMul_7", {copy}, kFloat, turned_dims).artifact;
  EXPECT_LT(share_, 0.63);
  EXPECT_EQ(*Read(next), tuned);
  using encoding::Rule;
  for (const Rule& rule : {Rule{Rule::Kind::kRound, kFloat, 10, kCount},
                           Rule{Rule::Kind::kQuantise, kFloat, 3, kCount, 0, {}, {{0.0006f, 0}}}}) {
    const Bytes sibling = encoding::Predict(other_way, rule);
    const ArtifactId artifact =
        PutTensor(sibling, "MatMul_7_quantized", {copy}, rule.to, turned_dims).artifact;
    EXPECT_LT(share_, 0.005) << rule.to;
    EXPECT_EQ(*Read(artifact), sibling);
  }
  EXPECT_THAT(Fsck(store_, FsckDepth::kContent, nullptr)->problems, testing::IsEmpty());
}

TEST_F(FamilyTest, ACastOfAFineTuneIsComputedFromTheFineTunesBase) {
  const ArtifactId base = PutTensor(base_, "w", {}).artifact;
  const ArtifactId tuned = PutTensor(tuned_, "w", {base}).artifact;
  const Bytes half = encoding::Predict(
      tuned_, {encoding::Rule::Kind::kRound, kFloat, 10, static_cast<uint32_t>(tuned_.size() / 4)});
  const ArtifactId artifact = PutTensor(half, "w", {tuned}, 10).artifact;
  EXPECT_LT(share_, 0.45);
  EXPECT_EQ(*Read(artifact), half);
}

TEST_F(FamilyTest, AFineTuneOfACastIsADifferenceToWhatTheCastIsComputedFrom) {
  constexpr onnx::DataType kBfloat16 = 16;
  const auto count = static_cast<uint32_t>(base_.size() / 4);
  const encoding::Rule cast{encoding::Rule::Kind::kRound, kFloat, kBfloat16, count};
  const Bytes half = encoding::Predict(base_, cast);
  const Bytes tuned = encoding::Predict(test_models::TrainedFloats(base_, 0.001f, 36), cast);
  const ArtifactId base = PutTensor(base_, "w", {}).artifact;
  const ArtifactId kept = PutTensor(half, "w", {base}, kBfloat16).artifact;
  EXPECT_LT(share_, 0.001);
  const ArtifactId artifact = PutTensor(tuned, "w", {kept}, kBfloat16).artifact;
  EXPECT_LT(share_, 0.2);
  EXPECT_EQ(*Read(artifact), tuned);
}

TEST_F(FamilyTest, WhatIsUnlikeIsNoDifference) {
  const ArtifactId base = PutTensor(base_, "w", {}).artifact;
  const ArtifactId other = PutTensor(test_models::NormalFloats(600'000, 35), "w", {base}).artifact;
  const Recipe recipe = **store_.FindRecipe(other);
  for (const RecipeChunk& chunk : recipe.chunks) {
    EXPECT_THAT(store_.GetStored(chunk.id)->bases, testing::IsEmpty());
  }
}

TEST_F(FamilyTest, ADifferenceWhoseBaseIsLostIsAnErrorAndFoundByFsck) {
  const ArtifactId base = PutTensor(base_, "w", {}).artifact;
  const ArtifactId tuned = PutTensor(tuned_, "w", {base}).artifact;
  kv::Batch forget;
  const Recipe recipe = **store_.FindRecipe(base);
  for (const RecipeChunk& chunk : recipe.chunks) {
    forget.Remove(kv::Table::kChunks, chunk.id.bytes());
  }
  ASSERT_TRUE(index_->Commit(forget).ok());
  EXPECT_FALSE(Read(tuned).ok());
  EXPECT_THAT(Fsck(store_, FsckDepth::kContent, nullptr)->problems,
              testing::Not(testing::IsEmpty()));
  EXPECT_GT(*RebuildIndex(store_), 0u);
  EXPECT_EQ(*Read(tuned), tuned_);
}

TEST_F(ContentStoreTest, AFailureAtAnyStepLosesNothingAndLeavesNothingVisible) {
  const Bytes before = RandomBytes(200'000, 18);
  const ArtifactId kept = Put(before).artifact;
  const Bytes content = RandomBytes(300'000, 19);
  bool succeeded = false;
  for (int step = 0; !succeeded; ++step) {
    ASSERT_LT(step, 100);
    fs_.FailAfter(step, absl::ResourceExhaustedError("disk full"));
    const auto result = TryPut(content);
    fs_.Heal();
    succeeded = result.ok();
    if (!succeeded) {
      EXPECT_EQ(result.status().code(), absl::StatusCode::kResourceExhausted);
      EXPECT_EQ(Read(IdOf<ArtifactId>(content)).status().code(), absl::StatusCode::kNotFound);
    }
    EXPECT_EQ(*Read(kept), before);
    EXPECT_THAT(Fsck(store_, FsckDepth::kContent, nullptr)->problems, testing::IsEmpty());
  }
  EXPECT_EQ(*Read(IdOf<ArtifactId>(content)), content);
}

TEST_F(ContentStoreTest, APowerCutAfterFinishLosesNothing) {
  const Bytes content = RandomBytes(300'000, 20);
  const ArtifactId artifact = Put(content).artifact;
  ASSERT_TRUE(fs_.DropUnsyncedData().ok());
  EXPECT_EQ(*Read(artifact), content);
}

TEST_F(ContentStoreTest, WhatAKilledUploadLeftIsTakenOverAsFarAsItIsWhole) {
  const StoredChunk one = Encode(IdOf<ChunkId>("one"), "one");
  const StoredChunk two = Encode(IdOf<ChunkId>("two"), "two");
  const Bytes cut = StreamHeader() + RecordHeader(one) + one.payload + RecordHeader(two) + "t";
  ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), directory_ + "/incoming/left.pack", cut).ok());
  EXPECT_EQ(*store_.RecoverUploads(nullptr), 1u);
  EXPECT_EQ(*store_.Get(one.id), "one");
  EXPECT_EQ(store_.Get(two.id).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(*store_.RecoverUploads(nullptr), 0u);
}

TEST_F(ContentStoreTest, RandomFilesAndEditsComeBack) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  Bytes content;
  for (int round = 0; round < 60; ++round) {
    const size_t at = content.empty() ? 0 : random() % content.size();
    switch (random() % 3) {
      case 0:
        content.insert(at, RandomBytes(random() % 200'000, random()));
        break;
      case 1:
        content.insert(at, Bytes(random() % 100'000, 'z'));
        break;
      default:
        content.erase(at, random() % 50'000);
    }
    EXPECT_EQ(*Read(Put(content).artifact), content);
  }
  EXPECT_THAT(Fsck(store_, FsckDepth::kContent, nullptr)->problems, testing::IsEmpty());
}

}  // namespace
}  // namespace mreg::content
