#include "storage/registry/file_proofs.h"

#include <gtest/gtest.h>

#include "schema/base/sha256.h"
#include "storage/kv/memory_store.h"

namespace mreg::registry {
namespace {

class FileProofsTest : public testing::Test {
 protected:
  static std::string FreshDirectory() {
    std::string path = JoinPath(testing::TempDir(), "proofs-XXXXXX");
    EXPECT_NE(mkdtemp(path.data()), nullptr);
    return path;
  }

  // Of one chunk.
  static content::Recipe RecipeOf(const Bytes& file) {
    content::Recipe recipe;
    recipe.artifact = IdOf<ArtifactId>(file);
    recipe.size = file.size();
    const auto length = static_cast<uint32_t>(file.size());
    recipe.chunks.push_back({IdOf<ChunkId>(file), length, 0});
    recipe.spans.push_back({0, 0, length});
    return recipe;
  }

  void Expect(const std::string& uploader, const Bytes& file) {
    proofs_.Expect(uploader, {RecipeOf(file)}, {IdOf<ChunkId>(file)});
  }

  const std::unique_ptr<kv::KeyValueStore> store_ = kv::MakeMemoryStore();
  const std::unique_ptr<content::PackStore> packs_ =
      *content::OpenPackFolder(PosixFileSystem(), FreshDirectory());
  content::ContentStore content_{*store_, *packs_};
  ManualClock clock_{TimePoint(std::chrono::hours(1))};
  FileProofs proofs_{content_, clock_};
  const Bytes file_ = "a file";
};

TEST_F(FileProofsTest, AProofIsOfOneRecipeOnly) {
  Expect("ada", file_);
  const auto upload = proofs_.BeginUpload("ada");
  ASSERT_NE(upload, nullptr);
  EXPECT_FALSE(proofs_.IsProved(RecipeOf(file_)));
  upload->Hash(IdOf<ChunkId>(file_), file_, true);
  EXPECT_TRUE(proofs_.IsProved(RecipeOf(file_)));
  content::Recipe other = RecipeOf(file_);
  other.artifact = IdOf<ArtifactId>("another");
  EXPECT_FALSE(proofs_.IsProved(other));
  other = RecipeOf(file_);
  other.tensors.push_back({"w", 0, 1});
  EXPECT_FALSE(proofs_.IsProved(other));
}

TEST_F(FileProofsTest, AnOfferIsForTheNextUploadOfWhoMadeIt) {
  Expect("ada", file_);
  EXPECT_EQ(proofs_.BeginUpload("ben"), nullptr);
  EXPECT_NE(proofs_.BeginUpload("ada"), nullptr);
  EXPECT_EQ(proofs_.BeginUpload("ada"), nullptr);
}

TEST_F(FileProofsTest, TheLastOfferCounts) {
  Expect("ada", "another");
  Expect("ada", file_);
  const auto upload = proofs_.BeginUpload("ada");
  upload->Hash(IdOf<ChunkId>("another"), "another", true);
  upload->Hash(IdOf<ChunkId>(file_), file_, true);
  EXPECT_FALSE(proofs_.IsProved(RecipeOf("another")));
  EXPECT_TRUE(proofs_.IsProved(RecipeOf(file_)));
}

TEST_F(FileProofsTest, WhatIsExpectedIsForgottenInTime) {
  Expect("ada", file_);
  clock_.Advance(std::chrono::hours(48));
  Expect("ben", file_);
  EXPECT_EQ(proofs_.BeginUpload("ada"), nullptr);
  EXPECT_NE(proofs_.BeginUpload("ben"), nullptr);
}

TEST_F(FileProofsTest, WhatIsExpectedHasABound) {
  content::Recipe large = RecipeOf(file_);
  large.spans.resize(600'000, large.spans.front());
  for (const char* uploader : {"ada", "ben", "cy"}) {
    proofs_.Expect(uploader, {large}, {IdOf<ChunkId>(file_)});
  }
  EXPECT_EQ(proofs_.BeginUpload("ada"), nullptr);
  EXPECT_NE(proofs_.BeginUpload("cy"), nullptr);
  large.tensors.push_back({Bytes(20 << 20, 'n'), 0, 1});
  proofs_.Expect("dan", {large}, {IdOf<ChunkId>(file_)});
  EXPECT_EQ(proofs_.BeginUpload("dan"), nullptr);
  EXPECT_NE(proofs_.BeginUpload("ben"), nullptr);
}

TEST_F(FileProofsTest, OnlySoManyUploadsProveFilesAtOnce) {
  std::vector<std::unique_ptr<content::ArrivalHasher>> uploads;
  do {
    Expect("ada", file_);
    uploads.push_back(proofs_.BeginUpload("ada"));
  } while (uploads.back() != nullptr);
  EXPECT_GT(uploads.size(), 4u);
  uploads.erase(uploads.begin());
  Expect("ada", file_);
  EXPECT_NE(proofs_.BeginUpload("ada"), nullptr);
}

}  // namespace
}  // namespace mreg::registry
