#include "storage/sync/repair.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>

#include "storage/content/fsck.h"
#include "storage/sync/local_remote.h"
#include "storage/sync/test_site.h"
#include "tests/models/weights.h"

namespace mreg::sync {
namespace {

using content::Fsck;
using content::FsckDepth;
using testing::IsEmpty;
using testing::Not;

// A user's store in a folder that can be opened anew, as the next command sees it after damage.
class RepairTest : public testing::Test {
 protected:
  RepairTest() { Open(); }

  void Open() {
    content_.reset();
    packs_ = *content::OpenPackFolder(PosixFileSystem(), folder_);
    content_ = std::make_unique<content::ContentStore>(*index_, *packs_);
  }

  // Pushes both files and fetches each of `here` into the store, in a pack of its own.
  void Share(const std::vector<Bytes>& files, const std::vector<Bytes>& here) {
    std::vector<CommitId> parents;
    for (const Bytes& file : files) {
      parents = {site_.Commit({{"w.f32", file}}, parents)};
      ASSERT_TRUE(site_.PushTo(*remote_, parents[0]).ok());
    }
    for (const Bytes& file : here) {
      const ArtifactId id = IdOf<ArtifactId>(file);
      ASSERT_TRUE(FetchFiles(*content_, *remote_, {&id, 1}, nullptr).ok());
    }
  }

  // Oldest first.
  std::vector<std::string> Packs() const {
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ + "/packs")) {
      if (entry.is_regular_file()) paths.push_back(entry.path());
    }
    std::ranges::sort(paths, {},
                      [](const auto& path) { return std::filesystem::last_write_time(path); });
    return paths;
  }

  void Flip(const std::string& path, size_t at) {
    Bytes bytes = *ReadSmallFile(PosixFileSystem(), path, 1 << 30);
    bytes[at] = static_cast<char>(bytes[at] ^ 4);
    ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), path, bytes).ok());
    Open();
  }

  RepairOutcome RepairAll() {
    const auto report = Fsck(*content_, FsckDepth::kContent, nullptr);
    EXPECT_THAT(report->problems, Not(IsEmpty()));
    const auto outcome = Repair(*content_, *remote_, report->damaged, nullptr);
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    Open();
    return *outcome;
  }

  void ExpectSoundAnd(const std::vector<Bytes>& files) {
    EXPECT_THAT(Fsck(*content_, FsckDepth::kContent, nullptr)->problems, IsEmpty());
    for (const Bytes& file : files) {
      const auto recipe = *content_->FindRecipe(IdOf<ArtifactId>(file));
      ASSERT_TRUE(recipe);
      EXPECT_EQ(content_->Verify(*recipe), absl::OkStatus());
    }
  }

  const SystemClock clock_;
  const std::unique_ptr<registry::Registry> registry_ = *registry::OpenRegistry(
      FreshDirectory(), registry::OpenMode::kCreate, {}, PosixFileSystem(), clock_);
  const std::unique_ptr<Remote> remote_ = MakeLocalRemote(
      *registry_, registry::Access::Owner(), *registry::RepositoryName::Parse("acme/vad"), "local");
  Site site_;
  const std::string folder_ = FreshDirectory();
  const std::unique_ptr<kv::KeyValueStore> index_ = kv::MakeMemoryStore();
  std::unique_ptr<content::PackStore> packs_;
  std::unique_ptr<content::ContentStore> content_;
  const Bytes model_ = RandomBytes(5 << 20, 1);
  const Bytes base_ = test_models::NormalFloats(600'000, 2);
  const Bytes tuned_ = test_models::TrainedFloats(base_, 0.001f, 3);
};

TEST_F(RepairTest, AFlippedBitCostsOneChunk) {
  Share({model_}, {model_});
  Flip(Packs()[0], 2 << 20);
  const RepairOutcome outcome = RepairAll();
  EXPECT_EQ(outcome.repaired, 1u);
  EXPECT_LT(outcome.received_bytes, 2u << 20);
  ExpectSoundAnd({model_});
}

TEST_F(RepairTest, ALostPackComesBack) {
  Share({model_}, {model_});
  for (const std::string& pack : Packs()) std::filesystem::remove(pack);
  Open();
  RepairAll();
  ExpectSoundAnd({model_});
}

TEST_F(RepairTest, ACutPackIsReplacedAndGoes) {
  Share({model_}, {model_});
  const std::string pack = Packs()[0];
  std::filesystem::resize_file(pack, 3 << 20);
  Open();
  RepairAll();
  EXPECT_FALSE(std::filesystem::exists(pack));
  ExpectSoundAnd({model_});
}

TEST_F(RepairTest, ADamagedBaseIsReplacedWithWhatNeedsIt) {
  Share({base_, tuned_}, {base_, tuned_});
  Flip(Packs()[0], 500'000);
  RepairAll();
  ExpectSoundAnd({base_, tuned_});
}

TEST_F(RepairTest, ALostBaseIsReplacedWithWhatNeedsIt) {
  Share({base_, tuned_}, {base_, tuned_});
  std::filesystem::remove(Packs()[0]);
  Open();
  RepairAll();
  ExpectSoundAnd({base_, tuned_});
}

TEST_F(RepairTest, ABaseThatNoFileNeedsAnyMoreIsForgotten) {
  Share({base_, tuned_}, {base_, tuned_});
  kv::Batch forget;
  forget.Remove(kv::Table::kRecipes, IdOf<ArtifactId>(base_).bytes());
  ASSERT_TRUE(index_->Commit(forget).ok());
  std::filesystem::remove(Packs()[0]);
  Open();
  RepairAll();
  ExpectSoundAnd({tuned_});
}

TEST_F(RepairTest, LostRowsComeBack) {
  Share({model_}, {model_});
  kv::Batch forget;
  const content::Recipe recipe = **content_->FindRecipe(IdOf<ArtifactId>(model_));
  forget.Remove(kv::Table::kChunks, recipe.chunks[0].id.bytes());
  ASSERT_TRUE(index_->Commit(forget).ok());
  RepairAll();
  ExpectSoundAnd({model_});
}

TEST_F(RepairTest, WhatTheRemoteLacksStaysDamagedAndTheRestIsRepaired) {
  Share({model_}, {model_});
  Site other;
  const Bytes mine = RandomBytes(3 << 20, 9);
  const auto ingest = content_->BeginIngest(nullptr);
  ASSERT_TRUE(content_->PutFile(test_models::MemoryFile(mine), {}, {}, *ingest, nullptr).ok());
  ASSERT_EQ(ingest->Finish(), absl::OkStatus());
  for (const std::string& pack : Packs()) Flip(pack, 1 << 20);
  const RepairOutcome outcome = RepairAll();
  EXPECT_EQ(outcome.unknown_files, 1u);
  EXPECT_EQ(outcome.repaired, 1u);
  EXPECT_THAT(Fsck(*content_, FsckDepth::kContent, nullptr)->problems, Not(IsEmpty()));
  EXPECT_EQ(content_->Verify(**content_->FindRecipe(IdOf<ArtifactId>(model_))), absl::OkStatus());
}

}  // namespace
}  // namespace mreg::sync
