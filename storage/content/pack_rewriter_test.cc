#include "storage/content/pack_rewriter.h"

#include "storage/content/gc_fixture.h"

namespace mreg::content {
namespace {

using testing::IsEmpty;

const Bytes& Piece() {
  static const Bytes* const piece = new Bytes(GcStore::RandomBytes(2'000, 1));
  return *piece;
}

class PackRewriterTest : public testing::Test {
 protected:
  ChunkPlace Place() const { return world_.store.Locate({&id_, 1})->front(); }

  GcStore world_;
  const ChunkId id_ = IdOf<ChunkId>(Piece());
};

TEST_F(PackRewriterTest, MovesWhatTheIndexHasInAPack) {
  const ArtifactId file = world_.PutOne({Piece()});
  const PackInfo before = world_.packs->List()->front();
  PackRewriter rewriter(world_.store);
  ASSERT_TRUE(rewriter.Add(before).ok());
  EXPECT_EQ(Place().pack, before.id);  // until it is durable elsewhere
  ASSERT_TRUE(rewriter.Finish().ok());
  EXPECT_NE(Place().pack, before.id);
  EXPECT_THAT(*ChunksNamedIn(world_.store, before), IsEmpty());
  ASSERT_TRUE(world_.packs->Remove(before.id).ok());
  EXPECT_EQ(*world_.Read(file), Piece());
  EXPECT_THAT(world_.Problems(), IsEmpty());
}

TEST_F(PackRewriterTest, ARowThatChangedMeanwhileStaysAsItIs) {
  world_.PutOne({Piece()});
  PackRewriter rewriter(world_.store);
  ASSERT_TRUE(rewriter.Add(world_.packs->List()->front()).ok());
  world_.PutOne({Piece()});
  const PackId written_again = Place().pack;
  ASSERT_TRUE(rewriter.Finish().ok());
  EXPECT_EQ(Place().pack, written_again);
}

TEST_F(PackRewriterTest, AChunkThatWasRemovedMeanwhileDoesNotComeBack) {
  world_.PutOne({Piece()});
  PackRewriter rewriter(world_.store);
  ASSERT_TRUE(rewriter.Add(world_.packs->List()->front()).ok());
  kv::Batch batch;
  batch.Remove(kv::Table::kChunks, id_.bytes());
  ASSERT_TRUE(world_.index.Commit(batch).ok());
  ASSERT_TRUE(rewriter.Finish().ok());
  EXPECT_THAT(world_.Chunks(), IsEmpty());
}

}  // namespace
}  // namespace mreg::content
