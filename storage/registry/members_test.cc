#include "storage/registry/members.h"

#include <gtest/gtest.h>

#include "schema/base/sha256.h"
#include "storage/kv/memory_store.h"

namespace mreg::registry {
namespace {

class MembersTest : public testing::Test {
 protected:
  static std::string FreshDirectory() {
    std::string path = JoinPath(testing::TempDir(), "members-XXXXXX");
    EXPECT_NE(mkdtemp(path.data()), nullptr);
    return path;
  }

  void Hold(const std::string& space, const ChunkId& chunk) {
    kv::Batch batch;
    Members::StageChunk(space, chunk, batch);
    ASSERT_TRUE(store_->Commit(batch).ok());
  }
  bool MayRely() { return *members_.MayRely(*members_.Spaces(), {&tuned_, 1}, {&base_, 1}); }

  const std::unique_ptr<kv::KeyValueStore> store_ = kv::MakeMemoryStore();
  const std::unique_ptr<content::PackStore> packs_ =
      *content::OpenPackFolder(PosixFileSystem(), FreshDirectory());
  content::ContentStore content_{*store_, *packs_};
  const ManualClock clock_{TimePoint(std::chrono::milliseconds(1'000'000))};
  const std::unique_ptr<journal::Journal> journal_ = journal::OpenJournal(*store_);
  Access access_{*store_, *journal_, clock_, AnonymousRead::kAllowed};
  Members members_{*store_, content_, access_};
  const ChunkId base_ = IdOf<ChunkId>("base"), tuned_ = IdOf<ChunkId>("tuned");
};

TEST_F(MembersTest, AChunkMayRelyOnWhatAllItsNamespacesHold) {
  Hold("acme", tuned_);
  EXPECT_FALSE(MayRely());
  Hold("acme", base_);
  EXPECT_TRUE(MayRely());
  Hold("beta", tuned_);
  EXPECT_FALSE(MayRely());
  Hold("beta", base_);
  EXPECT_TRUE(MayRely());
  // One that does not hold the chunk has no say.
  Hold("gamma", base_);
  EXPECT_TRUE(MayRely());
}

}  // namespace
}  // namespace mreg::registry
