// The conformance suite: every implementation passes the same tests. A new one adds its factory
// at the end.
#include "storage/kv/key_value_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

#include "schema/base/file_system.h"
#include "storage/kv/memory_store.h"
#include "storage/kv/rocksdb_store.h"
#include "storage/kv/sqlite_store.h"

namespace mreg::kv {
namespace {

using testing::ElementsAre;

std::string FreshDirectory() {
  std::string path = JoinPath(testing::TempDir(), "kv-XXXXXX");
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  return path;
}

struct Implementation {
  std::string name;
  std::function<absl::StatusOr<std::unique_ptr<KeyValueStore>>(const std::string& directory)> open;
  bool is_durable;
};

class KeyValueStoreTest : public testing::TestWithParam<Implementation> {
 protected:
  void SetUp() override { Open(); }

  void Open() {
    store_ = nullptr;
    auto opened = GetParam().open(directory_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }

  void Put(ByteView key, ByteView value, Table table = Table::kMeta) {
    Batch batch;
    batch.Put(table, key, value);
    ASSERT_TRUE(store_->Commit(batch).ok());
  }

  std::vector<Bytes> Keys(ByteView prefix, ByteView after) {
    std::vector<Bytes> keys;
    EXPECT_TRUE(store_
                    ->Scan(Table::kMeta, prefix, after,
                           [&](ByteView key, ByteView) {
                             keys.emplace_back(key);
                             return true;
                           })
                    .ok());
    return keys;
  }

  const std::string directory_ = FreshDirectory();
  std::unique_ptr<KeyValueStore> store_;
};

TEST_P(KeyValueStoreTest, WhatWasPutIsFound) {
  Put("a", "1");
  EXPECT_EQ(**store_->Get(Table::kMeta, "a"), "1");
  EXPECT_EQ(*store_->Get(Table::kMeta, "b"), std::nullopt);
}

TEST_P(KeyValueStoreTest, TablesAreApart) {
  Put("a", "1", Table::kChunks);
  EXPECT_EQ(*store_->Get(Table::kPacks, "a"), std::nullopt);
}

TEST_P(KeyValueStoreTest, KeysAndValuesMayHoldAnyBytesAndNone) {
  const Bytes odd("\0\xff\n", 3);
  Put(odd, "");
  EXPECT_EQ(**store_->Get(Table::kMeta, odd), "");
}

TEST_P(KeyValueStoreTest, GetManyAnswersInOrder) {
  Put("a", "1");
  Put("c", "3");
  const ByteView keys[] = {"c", "b", "a"};
  EXPECT_THAT(*store_->GetMany(Table::kMeta, keys),
              ElementsAre(std::optional<Bytes>("3"), std::nullopt, std::optional<Bytes>("1")));
  EXPECT_THAT(*store_->GetMany(Table::kMeta, {}), ElementsAre());
}

TEST_P(KeyValueStoreTest, ScanSeesAPrefixInOrderAndCanGoOn) {
  for (const char* key : {"b2", "a", "b1", "b", "c", "b3"}) Put(key, "");
  EXPECT_THAT(Keys("b", ""), ElementsAre("b", "b1", "b2", "b3"));
  EXPECT_THAT(Keys("b", "b1"), ElementsAre("b2", "b3"));
  EXPECT_THAT(Keys("b", "b11"), ElementsAre("b2", "b3"));
  EXPECT_THAT(Keys("", "b3"), ElementsAre("c"));
  EXPECT_THAT(Keys("x", ""), ElementsAre());
}

TEST_P(KeyValueStoreTest, ScanOfAPrefixOfFfBytesEnds) {
  Put("\xff\xff", "");
  Put("\xfe", "");
  EXPECT_THAT(Keys("\xff", ""), ElementsAre("\xff\xff"));
}

TEST_P(KeyValueStoreTest, ScanEndsWhenTheVisitorSaysSo) {
  for (const char* key : {"a", "b", "c"}) Put(key, "");
  int seen = 0;
  ASSERT_TRUE(
      store_->Scan(Table::kMeta, "", "", [&](ByteView, ByteView) { return ++seen < 2; }).ok());
  EXPECT_EQ(seen, 2);
}

TEST_P(KeyValueStoreTest, ScanOfManyRowsMissesNone) {
  Batch batch;
  for (int i = 0; i < 3'500; ++i) batch.Put(Table::kMeta, "k" + std::to_string(10'000 + i), "v");
  ASSERT_TRUE(store_->Commit(batch).ok());
  EXPECT_EQ(Keys("k", "").size(), 3'500u);
}

TEST_P(KeyValueStoreTest, ABatchIsAppliedInItsOrder) {
  Batch batch;
  batch.Put(Table::kMeta, "a", "1");
  batch.Put(Table::kMeta, "b", "1");
  batch.Remove(Table::kMeta, "a");
  batch.Put(Table::kMeta, "b", "2");
  ASSERT_TRUE(store_->Commit(batch).ok());
  EXPECT_EQ(*store_->Get(Table::kMeta, "a"), std::nullopt);
  EXPECT_EQ(**store_->Get(Table::kMeta, "b"), "2");
}

TEST_P(KeyValueStoreTest, AFailedExpectationWritesNothing) {
  Put("a", "1");
  Batch batch;
  batch.Put(Table::kMeta, "b", "2");
  batch.Expect(Table::kMeta, "a", "other");
  EXPECT_EQ(store_->Commit(batch).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(*store_->Get(Table::kMeta, "b"), std::nullopt);
}

TEST_P(KeyValueStoreTest, ExpectationsOfPresenceAndAbsenceHold) {
  Put("a", "1");
  Batch batch;
  batch.Expect(Table::kMeta, "a", "1");
  batch.Expect(Table::kMeta, "b", std::nullopt);
  batch.Put(Table::kMeta, "b", "2");
  ASSERT_TRUE(store_->Commit(batch).ok());
  EXPECT_EQ(store_->Commit(batch).code(), absl::StatusCode::kAborted);
}

TEST_P(KeyValueStoreTest, CountersIncrementedByManyThreadsLoseNothing) {
  constexpr int kThreads = 8, kEach = 25;
  Put("n", "0");
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this] {
      for (int done = 0; done < kEach;) {
        const Bytes old = **store_->Get(Table::kMeta, "n");
        Batch batch;
        batch.Expect(Table::kMeta, "n", old);
        batch.Put(Table::kMeta, "n", std::to_string(std::stoi(old) + 1));
        if (store_->Commit(batch).ok()) ++done;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(**store_->Get(Table::kMeta, "n"), std::to_string(kThreads * kEach));
}

TEST_P(KeyValueStoreTest, WhatWasCommittedIsThereAfterReopening) {
  if (!GetParam().is_durable) GTEST_SKIP() << "forgets by design";
  Put("a", "1", Table::kJournal);
  Open();
  EXPECT_EQ(**store_->Get(Table::kJournal, "a"), "1");
}

INSTANTIATE_TEST_SUITE_P(
    All, KeyValueStoreTest,
    testing::Values(Implementation{"memory", [](const std::string&) { return MakeMemoryStore(); },
                                   false},
                    Implementation{"rocksdb", OpenRocksDb, true},
                    Implementation{"sqlite",
                                   [](const std::string& directory) {
                                     return OpenSqlite(JoinPath(directory, "index.sqlite"));
                                   },
                                   true}),
    [](const auto& param) { return param.param.name; });

TEST(RocksDbStore, ASecondOpenerIsToldThatItIsInUse) {
  const std::string directory = FreshDirectory();
  const auto first = OpenRocksDb(directory);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(OpenRocksDb(directory).status().code(), absl::StatusCode::kUnavailable);
}

TEST(SqliteStore, TwoOpenersShareTheStore) {
  const std::string path = JoinPath(FreshDirectory(), "index.sqlite");
  const auto first = *OpenSqlite(path);
  const auto second = *OpenSqlite(path);
  Batch batch;
  batch.Put(Table::kMeta, "a", "1");
  ASSERT_TRUE(first->Commit(batch).ok());
  EXPECT_EQ(**second->Get(Table::kMeta, "a"), "1");
  batch.Expect(Table::kMeta, "a", std::nullopt);
  EXPECT_EQ(second->Commit(batch).code(), absl::StatusCode::kAborted);
}

TEST(SqliteStore, AFileThatIsNoDatabaseIsDataLoss) {
  const std::string path = JoinPath(FreshDirectory(), "index.sqlite");
  ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), path, std::string(5000, 'x')).ok());
  EXPECT_EQ(OpenSqlite(path).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace mreg::kv
