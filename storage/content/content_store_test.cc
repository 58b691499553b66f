#include "storage/content/content_store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/base/sha256.h"
#include "storage/content/content_store_fixture.h"
#include "storage/content/fsck.h"
#include "storage/content/record_stream.h"
#include "tests/models/memory_file.h"
#include "tests/models/weights.h"

namespace mreg::content {
namespace {

using test_models::MemoryFile;

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
