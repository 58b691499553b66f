#include "storage/registry/store_optimize.h"

#include <gtest/gtest.h>

#include "schema/base/sha256.h"
#include "storage/content/fsck.h"
#include "tests/models/memory_file.h"
#include "tests/models/weights.h"

namespace mreg::registry {
namespace {

using test_models::NormalFloats;
using test_models::TrainedFloats;

class StoreOptimizeTest : public testing::Test {
 protected:
  static std::string FreshDirectory() {
    std::string path = JoinPath(testing::TempDir(), "store-XXXXXX");
    EXPECT_NE(mkdtemp(path.data()), nullptr);
    return path;
  }

  std::unique_ptr<LocalStore> Open() { return *LocalStore::Open(directory_, PosixFileSystem()); }

  // As a file that nothing was known to be like.
  static ChunkId Put(LocalStore& store, const Bytes& weights) {
    kv::KeyValueStore& index = store.content().index();
    kv::Batch batch;
    EXPECT_TRUE(index
                    .Scan(kv::Table::kSketches, "", "",
                          [&](ByteView key, ByteView) {
                            batch.Remove(kv::Table::kSketches, key);
                            return true;
                          })
                    .ok());
    EXPECT_TRUE(index.Commit(batch).ok());
    const auto ingest = store.content().BeginIngest(nullptr);
    const auto put = store.content().PutFile(test_models::MemoryFile(weights),
                                             {{"w", 1, 0, weights.size()}}, {}, *ingest, nullptr);
    EXPECT_TRUE(put.ok() && ingest->Finish().ok()) << put.status();
    return (*store.content().FindRecipe(put->artifact))->chunks.front().id;
  }

  const std::string directory_ = FreshDirectory();
  const Bytes weights_ = NormalFloats(40'000, 1);
};

TEST_F(StoreOptimizeTest, OthersCanUseTheStoreAgainAfterwards) {
  const auto store = Open();
  Put(*store, weights_);
  Put(*store, TrainedFloats(weights_, 0.01f, 2));
  const auto report = OptimizeStore(*store, {}, nullptr);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->improved_chunks, 1);
  EXPECT_TRUE(LocalStore::Open(directory_, PosixFileSystem()).ok());
}

// What was looked at as a base before the optimizer began, and counted on while it ran.
TEST_F(StoreOptimizeTest, AChunkThatAnotherCommandBuiltOnMeanwhileStaysWhole) {
  const auto store = Open();
  const ChunkId first = Put(*store, weights_);
  const ChunkId second = Put(*store, TrainedFloats(weights_, 0.01f, 2));
  auto other = Open();
  const auto build_on_both = [&](std::string_view, uint64_t done, uint64_t) {
    if (done != 1) return;
    const auto ingest = other->content().BeginIngest(nullptr);
    unsigned seed = 3;
    for (const ChunkId& base : {first, second}) {
      const Bytes plain = TrainedFloats(weights_, 0.01f, seed++);
      ASSERT_TRUE(ingest
                      ->Add(content::EncodeBeside(IdOf<ChunkId>(plain), plain, 1,
                                                  **other->content().FindBase({&base, 1}, 1)))
                      .ok());
    }
    ASSERT_TRUE(ingest->Finish().ok());
    other.reset();
  };
  const auto report = OptimizeStore(*store, {}, build_on_both);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->improved_chunks, 0);
  EXPECT_EQ(report->held, 1);
  EXPECT_TRUE(
      content::Fsck(store->content(), content::FsckDepth::kContent, nullptr)->problems.empty());
}

}  // namespace
}  // namespace mreg::registry
