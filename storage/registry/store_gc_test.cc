#include "storage/registry/store_gc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/history/lfs_pointer.h"
#include "storage/history/staging_index.h"
#include "tests/models/memory_file.h"

namespace mreg::registry {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string FreshDirectory() {
  std::string path = JoinPath(testing::TempDir(), "store-XXXXXX");
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  return path;
}

class StoreGcTest : public testing::Test {
 protected:
  history::LfsPointer Put(const Bytes& content) {
    const auto ingest = store_->content().BeginIngest(nullptr);
    const auto put =
        store_->content().PutFile(test_models::MemoryFile(content), {}, {}, *ingest, nullptr);
    EXPECT_TRUE(put.ok() && ingest->Finish().ok());
    return {put->artifact, put->size};
  }

  // A clone whose main branch has one file.
  std::string MakeClone(const history::LfsPointer& pointer) {
    const std::string path = FreshDirectory();
    const std::string git_directory = JoinPath(path, ".mreg");
    EXPECT_TRUE(history::InitDirectory(git_directory).ok());
    const auto history = *history::OpenDirectory(git_directory);
    const history::TreeEntry file{
        "m.bin", history::FileMode::kRegular,
        *history->WriteObject(history::ObjectType::kBlob, history::FormatLfsPointer(pointer))};
    history::Commit draft;
    draft.tree = *history->WriteTree({&file, 1});
    draft.author = draft.committer = {"A", "a@example.org", 1'700'000'000, 0};
    draft.message = "a version\n";
    const ObjectId commit = ToObjectId(*history->WriteCommit(draft));
    EXPECT_TRUE(history->Flush().ok());
    const history::ReferenceMove move{"refs/heads/main", std::nullopt, commit};
    EXPECT_TRUE(history->references().Move({&move, 1}, {"A <a@example.org>", {}, "x"}).ok());
    EXPECT_TRUE(store_->RegisterClone(path).ok());
    return path;
  }

  StoreGcPlan Plan(std::chrono::milliseconds grace = std::chrono::hours(1)) {
    auto plan = PlanStoreGc(*store_, {SystemClock().Now() + std::chrono::hours(2), grace});
    EXPECT_TRUE(plan.ok()) << plan.status();
    return *std::move(plan);
  }

  bool IsThere(const history::LfsPointer& file) {
    return store_->content().FindRecipe(file.artifact)->has_value();
  }

  const std::string directory_ = FreshDirectory();
  std::unique_ptr<LocalStore> store_ = *LocalStore::Open(directory_, PosixFileSystem());
};

TEST_F(StoreGcTest, WhatAClonesHistoryNamesStaysAndTheRestGoes) {
  const auto used = Put(Bytes(50'000, 'u'));
  const auto unused = Put(Bytes(60'000, 'n'));
  const std::string clone = MakeClone(used);
  const StoreGcPlan plan = Plan();
  EXPECT_THAT(plan.clones, ElementsAre(clone));
  ASSERT_TRUE(ExecuteStoreGc(*store_, plan, nullptr).ok());
  EXPECT_TRUE(IsThere(used));
  EXPECT_FALSE(IsThere(unused));
}

TEST_F(StoreGcTest, WhatIsYoungStays) {
  const auto young = Put(Bytes(50'000, 'y'));
  ASSERT_TRUE(ExecuteStoreGc(*store_, Plan(std::chrono::hours(3)), nullptr).ok());
  EXPECT_TRUE(IsThere(young));
}

TEST_F(StoreGcTest, ALostClonesFilesGoAndItIsForgotten) {
  const auto file = Put(Bytes(50'000, 'l'));
  const std::string clone = MakeClone(file);
  ASSERT_TRUE(PosixFileSystem().Rename(clone, clone + "-moved").ok());
  const StoreGcPlan plan = Plan();
  EXPECT_THAT(plan.lost_clones, ElementsAre(clone));
  ASSERT_TRUE(ExecuteStoreGc(*store_, plan, nullptr).ok());
  EXPECT_FALSE(IsThere(file));
  EXPECT_THAT(*store_->Clones(), IsEmpty());
}

TEST_F(StoreGcTest, ACloneThatCannotBeReadEndsIt) {
  const std::string clone = MakeClone(Put(Bytes(50'000, 'd')));
  const std::string head = clone + "/.mreg/refs/heads/main";
  ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), head, std::string(40, '1') + "\n").ok());
  EXPECT_FALSE(PlanStoreGc(*store_, {SystemClock().Now(), {}}).ok());
}

TEST_F(StoreGcTest, WhoWantsTheStoreAloneWaitsForTheOthers) {
  std::jthread other([this] {
    const auto alone = LocalStore::OpenAlone(directory_, PosixFileSystem());
    EXPECT_TRUE(alone.ok()) << alone.status();
  });
  const auto beside = LocalStore::Open(directory_, PosixFileSystem());
  EXPECT_TRUE(beside.ok());
  store_.reset();
}

}  // namespace
}  // namespace mreg::registry
