// How families of models are stored: as differences, casts, quantised and transposed copies.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/base/sha256.h"
#include "storage/content/content_store_fixture.h"
#include "storage/content/encoding/prediction.h"
#include "storage/content/encoding/transposition.h"
#include "storage/content/fsck.h"
#include "tests/models/weights.h"

namespace mreg::content {
namespace {

using test_models::MemoryFile;

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

}  // namespace
}  // namespace mreg::content
