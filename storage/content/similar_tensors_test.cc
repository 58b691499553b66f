#include "storage/content/similar_tensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/base/file_system.h"
#include "storage/content/content_store.h"
#include "storage/content/encoding/prediction.h"
#include "storage/content/gc.h"
#include "storage/content/store_fixture.h"
#include "storage/kv/memory_store.h"
#include "tests/models/memory_file.h"
#include "tests/models/weights.h"

namespace mreg::content {
namespace {

using encoding::Rule;
using test_models::NormalFloats;
using test_models::TrainedFloats;

constexpr onnx::DataType kFloat = 1, kUint8 = 2, kInt8 = 3, kFloat16 = 10;
constexpr size_t kElements = 40'000;

class SimilarTensorsTest : public testing::Test {
 protected:
  struct Tensor {
    std::string name;
    Bytes weights;
    onnx::DataType type = kFloat;
  };

  // As one file, without any other that is known to be like it.
  ArtifactId Put(const std::vector<Tensor>& tensors) {
    Bytes content;
    std::vector<ExternalRange> ranges;
    for (const Tensor& tensor : tensors) {
      ranges.push_back({tensor.name, tensor.type, content.size(), tensor.weights.size()});
      content += tensor.weights;
    }
    const auto ingest = store_.BeginIngest(nullptr);
    const auto result =
        store_.PutFile(test_models::MemoryFile(content), ranges, {}, *ingest, nullptr);
    EXPECT_TRUE(result.ok() && ingest->Finish().ok()) << result.status();
    return result->artifact;
  }

  ChunkId FirstChunk(const ArtifactId& artifact, size_t tensor = 0) {
    const Recipe recipe = **store_.FindRecipe(artifact);
    return TensorOf(recipe, recipe.tensors[tensor]).chunks.front();
  }
  std::vector<ChunkId> BasesOf(const ArtifactId& artifact, size_t tensor = 0) {
    return store_.GetStored(FirstChunk(artifact, tensor))->bases;
  }

  size_t Rows() {
    size_t rows = 0;
    EXPECT_TRUE(index_
                    ->Scan(kv::Table::kSketches, "", "",
                           [&](ByteView, ByteView) {
                             ++rows;
                             return true;
                           })
                    .ok());
    return rows;
  }

  TensorQuery QueryFor(const Bytes& weights, onnx::DataType type = kFloat) {
    return {*encoding::SketchOf(weights, type), type, std::nullopt, nullptr};
  }

  void RemoveRecipe(const ArtifactId& artifact) {
    kv::Batch batch;
    batch.Remove(kv::Table::kRecipes, artifact.bytes());
    ASSERT_TRUE(index_->Commit(batch).ok());
  }

  const std::unique_ptr<kv::KeyValueStore> index_ = kv::MakeMemoryStore();
  const std::unique_ptr<PackStore> packs_ = *OpenPackFolder(PosixFileSystem(), FreshDirectory());
  ContentStore store_{*index_, *packs_};
  SimilarTensors similar_{store_};
};

TEST_F(SimilarTensorsTest, AFineTuneIsADifferenceToWhatNobodyNamed) {
  const ArtifactId base = Put({{"w", NormalFloats(kElements, 1)}});
  const ArtifactId tuned = Put({{"other/x", TrainedFloats(NormalFloats(kElements, 1), 0.01f, 2)}});
  EXPECT_THAT(BasesOf(tuned), testing::ElementsAre(FirstChunk(base)));
}

TEST_F(SimilarTensorsTest, OfEqualShapesEachFindsItsOwnWhateverTheOrder) {
  std::vector<Tensor> base, tuned;
  for (unsigned i = 0; i < 12; ++i) {
    const Bytes weights = NormalFloats(kElements, 100 + i);
    base.push_back({"layer", weights});
    tuned.insert(tuned.begin(), {"block", TrainedFloats(weights, 0.05f, 200 + i)});
  }
  const ArtifactId first = Put(base), second = Put(tuned);
  for (size_t i = 0; i < 12; ++i) {
    EXPECT_THAT(BasesOf(second, 11 - i), testing::ElementsAre(FirstChunk(first, i))) << i;
  }
}

TEST_F(SimilarTensorsTest, CastAndQuantisedCopiesAreComputed) {
  const Bytes weights = NormalFloats(kElements, 3);
  const ArtifactId base = Put({{"w", weights}});
  for (const Rule& rule :
       {Rule{Rule::Kind::kRound, kFloat, kFloat16, kElements},
        Rule{Rule::Kind::kQuantise, kFloat, kInt8, kElements, 0, {}, {{0.0006f, 0}}}}) {
    const ArtifactId copy = Put({{"v", encoding::Predict(weights, rule), rule.to}});
    EXPECT_THAT(BasesOf(copy), testing::ElementsAre(FirstChunk(base))) << rule.to;
  }
}

TEST_F(SimilarTensorsTest, WhatTheTypeCannotFollowFromIsNotFound) {
  const Bytes weights = NormalFloats(kElements, 4);
  const auto quantised = [&](onnx::DataType to, int32_t zero_point) {
    return encoding::Predict(
        weights, {Rule::Kind::kQuantise, kFloat, to, kElements, 0, {}, {{0.0006f, zero_point}}});
  };
  Put({{"w", quantised(kUint8, 127), kUint8}});
  EXPECT_EQ(*similar_.Find(QueryFor(quantised(kInt8, 0), kInt8)), std::nullopt);
}

TEST_F(SimilarTensorsTest, AGrownTensorFindsWhatItGrewFrom) {
  const Bytes weights = NormalFloats(kElements, 5);
  const ArtifactId base = Put({{"w", weights}});
  const ArtifactId grown = Put({{"v", weights + NormalFloats(5'000, 6)}});
  EXPECT_THAT(BasesOf(grown), testing::ElementsAre(FirstChunk(base)));
}

TEST_F(SimilarTensorsTest, UnrelatedTensorsOfTheSameShapeAreNotFound) {
  for (unsigned i = 0; i < 50; ++i) Put({{"w", NormalFloats(2'000, 300 + i)}});
  for (unsigned i = 0; i < 50; ++i) {
    EXPECT_EQ(*similar_.Find(QueryFor(NormalFloats(2'000, 400 + i))), std::nullopt) << i;
  }
}

TEST_F(SimilarTensorsTest, OnlyWhatNeedsNoBaseHasARow) {
  Put({{"w", NormalFloats(kElements, 7)}});
  EXPECT_EQ(Rows(), 1u);
  Put({{"w", TrainedFloats(NormalFloats(kElements, 7), 0.01f, 8)}});
  EXPECT_EQ(Rows(), 1u);
}

TEST_F(SimilarTensorsTest, AnotherFileWithTheTensorTakesTheRow) {
  const Bytes weights = NormalFloats(kElements, 9);
  const ArtifactId first = Put({{"w", weights}});
  Put({{"v", NormalFloats(kElements, 10)}, {"w", weights}});
  EXPECT_EQ(Rows(), 2u);
  RemoveRecipe(first);
  EXPECT_NE(*similar_.Find(QueryFor(weights)), std::nullopt);
}

TEST_F(SimilarTensorsTest, ItselfIsNotFoundIfItIsNotAskedFor) {
  const Bytes weights = NormalFloats(kElements, 11);
  const ArtifactId base = Put({{"w", weights}});
  TensorQuery query = QueryFor(weights);
  EXPECT_NE(*similar_.Find(query), std::nullopt);
  query.itself = FirstChunk(base);
  EXPECT_EQ(*similar_.Find(query), std::nullopt);
}

TEST_F(SimilarTensorsTest, SomeAreFoundTheNearestFirst) {
  const TensorQuery query = QueryFor(NormalFloats(kElements, 15));
  kv::Batch batch;
  const auto put_at = [&](unsigned seed, uint64_t turned) {
    const ArtifactId artifact = Put({{"w", NormalFloats(kElements, seed)}});
    StageSketch(**store_.FindRecipe(artifact), {0, query.sketch.bits ^ turned}, batch);
    return FirstChunk(artifact);
  };
  const ChunkId near = put_at(16, uint64_t{1} << 63), farther = put_at(17, uint64_t{7} << 60);
  ASSERT_TRUE(index_->Commit(batch).ok());
  EXPECT_EQ((*similar_.Find(query))->chunks.front(), near);
  const auto some = *similar_.FindSome(query, 2);
  ASSERT_EQ(some.size(), 2u);
  EXPECT_EQ(some[0].chunks.front(), near);
  EXPECT_EQ(some[1].chunks.front(), farther);
}

TEST_F(SimilarTensorsTest, WhatMayNotBeUsedIsPassedOver) {
  const Bytes weights = NormalFloats(kElements, 12);
  const ChunkId theirs = FirstChunk(Put({{"w", weights}}));
  TensorQuery query = QueryFor(
      encoding::Predict(weights, {Rule::Kind::kRound, kFloat, kFloat16, kElements}), kFloat16);
  query.may_use = [&](std::span<const ChunkId> bases) { return bases.front() != theirs; };
  EXPECT_EQ(*similar_.Find(query), std::nullopt);
  query.may_use = [](std::span<const ChunkId>) { return true; };
  EXPECT_EQ((*similar_.Find(query))->chunks.front(), theirs);
  query.may_use = [](std::span<const ChunkId>) { return absl::InternalError("no"); };
  EXPECT_FALSE(similar_.Find(query).ok());
}

TEST_F(SimilarTensorsTest, RowsOfFilesThatAreGoneAreToleratedAndCanBeRemoved) {
  const Bytes weights = NormalFloats(kElements, 14);
  const ArtifactId gone = Put({{"w", weights}});
  Put({{"v", NormalFloats(kElements, 15)}});
  RemoveRecipe(gone);
  EXPECT_EQ(*similar_.Find(QueryFor(weights)), std::nullopt);
  ASSERT_TRUE(similar_.RemoveStale().ok());
  EXPECT_EQ(Rows(), 1u);
}

TEST_F(SimilarTensorsTest, ACollectionTakesTheRowsOfWhatItRemoves) {
  const ArtifactId used = Put({{"w", NormalFloats(kElements, 20)}});
  Put({{"w", NormalFloats(kElements, 21)}});
  const GcAge later{TimePoint::max(), std::chrono::hours(1)};
  const auto plan = PlanGc(store_, {used}, later);
  ASSERT_TRUE(plan.ok());
  NothingIsHeld nothing;
  ASSERT_TRUE(ExecuteGc(store_, *plan, nothing, nullptr).ok());
  EXPECT_EQ(Rows(), 1u);
  EXPECT_NE(*similar_.Find(QueryFor(NormalFloats(kElements, 20))), std::nullopt);
}

TEST_F(SimilarTensorsTest, DamagedRowsAreTolerated) {
  const Bytes weights = NormalFloats(kElements, 16);
  Put({{"w", weights}});
  kv::Batch batch;
  ASSERT_TRUE(index_
                  ->Scan(kv::Table::kSketches, "", "",
                         [&](ByteView key, ByteView row) {
                           batch.Put(kv::Table::kSketches, key.substr(0, 2), row);
                           batch.Put(kv::Table::kSketches, Bytes(key) + "x", row);
                           Bytes high(row);
                           high[ArtifactId::kBytes + 3] = '\xff';  // there is no such tensor
                           batch.Put(kv::Table::kSketches, key, high);
                           return true;
                         })
                  .ok());
  ASSERT_TRUE(index_->Commit(batch).ok());
  EXPECT_EQ(*similar_.Find(QueryFor(weights)), std::nullopt);
}

TEST_F(SimilarTensorsTest, TheTableCanBeRebuiltFromRecipesAndChunks) {
  const Bytes weights = NormalFloats(kElements, 17);
  const ArtifactId base = Put({{"w", weights}, {"v", NormalFloats(kElements, 18)}});
  const ArtifactId tuned = Put({{"w", TrainedFloats(weights, 0.01f, 19)}});
  std::map<Bytes, Bytes> before, after;
  const auto read = [&](std::map<Bytes, Bytes>& rows) {
    return index_->Scan(kv::Table::kSketches, "", "", [&](ByteView key, ByteView row) {
      rows.emplace(key, row);
      return true;
    });
  };
  ASSERT_TRUE(read(before).ok());
  EXPECT_EQ(before.size(), 2u);
  kv::Batch forget;
  for (const auto& row : before) forget.Remove(kv::Table::kSketches, row.first);
  ASSERT_TRUE(index_->Commit(forget).ok());
  ASSERT_TRUE(similar_.Enter(**store_.FindRecipe(base)).ok());
  ASSERT_TRUE(similar_.Enter(**store_.FindRecipe(tuned)).ok());
  ASSERT_TRUE(read(after).ok());
  EXPECT_EQ(before, after);
}

}  // namespace
}  // namespace mreg::content
