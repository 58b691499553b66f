// The conformance suite of Journal. A new implementation adds its factory at the end.
#include "storage/journal/journal.h"

#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "schema/base/coding.h"
#include "storage/kv/memory_store.h"

namespace mreg::journal {
namespace {

using Factory = std::function<std::unique_ptr<Journal>(const kv::KeyValueStore&)>;

v1::JournalEntry Entry(const std::string& actor) {
  v1::JournalEntry entry;
  entry.set_actor(actor);
  entry.mutable_repository_created()->set_repository("acme/vad");
  return entry;
}

class JournalTest : public testing::TestWithParam<Factory> {
 protected:
  absl::Status Append(const std::string& actor) {
    while (true) {
      kv::Batch batch;
      if (auto status = journal_->Stage(Entry(actor), batch); !status.ok()) return status;
      const auto status = store_->Commit(batch);
      if (!absl::IsAborted(status)) return status;
    }
  }

  const std::unique_ptr<kv::KeyValueStore> store_ = kv::MakeMemoryStore();
  const std::unique_ptr<Journal> journal_ = GetParam()(*store_);
};

TEST_P(JournalTest, BeginsEmpty) {
  EXPECT_EQ(journal_->Head()->size, 0u);
  EXPECT_EQ(journal_->Head()->root, signing::EmptyTreeHash());
  EXPECT_TRUE(journal_->Read(0, 10)->empty());
  EXPECT_TRUE(VerifyJournal(*journal_).ok());
}

TEST_P(JournalTest, EntriesAreNumberedAndReadBack) {
  for (const char* actor : {"a", "b", "c"}) ASSERT_TRUE(Append(actor).ok());
  const auto entries = *journal_->Read(1, 10);
  ASSERT_EQ(entries.size(), 2u);
  v1::JournalEntry entry;
  ASSERT_TRUE(entry.ParseFromString(entries[0].bytes));
  EXPECT_EQ(entry.sequence(), 1u);
  EXPECT_EQ(entry.actor(), "b");
  EXPECT_EQ(journal_->Read(0, 1)->size(), 1u);
  EXPECT_TRUE(journal_->Read(3, 10)->empty());
}

TEST_P(JournalTest, OfTwoEntriesStagedAtOnceOneIsRefused) {
  kv::Batch first, second;
  ASSERT_TRUE(journal_->Stage(Entry("a"), first).ok());
  ASSERT_TRUE(journal_->Stage(Entry("b"), second).ok());
  ASSERT_TRUE(store_->Commit(first).ok());
  EXPECT_TRUE(absl::IsAborted(store_->Commit(second)));
  EXPECT_EQ(journal_->Head()->size, 1u);
}

TEST_P(JournalTest, ProofsHoldAgainstTheHead) {
  std::vector<Checkpoint> heads;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(Append("a").ok());
    heads.push_back(*journal_->Head());
  }
  const Checkpoint& head = heads.back();
  const auto entries = *journal_->Read(0, 100);
  for (const StoredEntry& entry : entries) {
    EXPECT_TRUE(signing::VerifyInclusion(signing::LeafHash(entry.bytes), entry.sequence, head.size,
                                         *journal_->ProveInclusion(entry.sequence, head.size),
                                         head.root));
  }
  for (const Checkpoint& old : heads) {
    EXPECT_TRUE(signing::VerifyConsistency(old.size, head.size, old.root, head.root,
                                           *journal_->ProveConsistency(old.size, head.size)));
  }
  EXPECT_FALSE(journal_->ProveInclusion(0, 21).ok());
}

TEST_P(JournalTest, ManyWritersGiveOneUnbrokenLog) {
  std::vector<std::jthread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([this] {
      for (int n = 0; n < 50; ++n) EXPECT_TRUE(Append("a").ok());
    });
  }
  writers.clear();
  EXPECT_EQ(journal_->Head()->size, 200u);
  EXPECT_TRUE(VerifyJournal(*journal_).ok());
}

TEST_P(JournalTest, AChangedOrMissingEntryIsFound) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Append("a").ok());
  Bytes key;
  AppendU64Be(key, 3);
  v1::JournalEntry forged = Entry("mallory");
  forged.set_sequence(3);
  kv::Batch forge;
  forge.Put(kv::Table::kJournal, key, forged.SerializeAsString());
  ASSERT_TRUE(store_->Commit(forge).ok());
  EXPECT_TRUE(absl::IsDataLoss(VerifyJournal(*journal_)));
  kv::Batch remove;
  remove.Remove(kv::Table::kJournal, key);
  ASSERT_TRUE(store_->Commit(remove).ok());
  EXPECT_TRUE(absl::IsDataLoss(VerifyJournal(*journal_)));
}

INSTANTIATE_TEST_SUITE_P(KeyValueStore, JournalTest, testing::Values(OpenJournal));

}  // namespace
}  // namespace mreg::journal
