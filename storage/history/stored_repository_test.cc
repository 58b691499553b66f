// What is particular to repositories in a key-value store: batches and the hook.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "schema/base/coding.h"
#include "schema/base/hex.h"
#include "storage/history/test_worlds.h"
#include "storage/kv/memory_store.h"

namespace mreg::history {
namespace {

using testing::IsEmpty;

// Passes everything on, until it is told to fail or to let another writer in between.
class FaultyStore final : public kv::KeyValueStore {
 public:
  absl::StatusOr<std::optional<Bytes>> Get(kv::Table table, ByteView key) const override {
    if (!failure.ok()) return failure;
    return store_->Get(table, key);
  }
  absl::StatusOr<std::vector<std::optional<Bytes>>> GetMany(
      kv::Table table, std::span<const ByteView> keys) const override {
    return store_->GetMany(table, keys);
  }
  absl::Status Scan(kv::Table table, ByteView prefix, ByteView after,
                    const kv::Visitor& visit) const override {
    if (!failure.ok()) return failure;
    return store_->Scan(table, prefix, after, visit);
  }
  absl::Status Commit(const kv::Batch& batch) override {
    ++commits;
    if (aborts_left > 0 && aborts_left-- > 0) return absl::AbortedError("another writer");
    return store_->Commit(batch);
  }

  absl::Status failure;
  int aborts_left = 0;
  int commits = 0;

 private:
  const std::unique_ptr<kv::KeyValueStore> store_ = kv::MakeMemoryStore();
};

// Appends the moves to a journal whose head is one row, as a real one does.
class Journal {
 public:
  explicit Journal(kv::KeyValueStore& store) : store_(store) {}

  absl::Status Append(std::span<const ReferenceMove> moves, kv::Batch& batch) {
    const auto length = *store_.Get(kv::Table::kJournal, "length");
    const uint64_t count = length ? ReadU64Be(*length) : 0;
    Bytes next;
    AppendU64Be(next, count + 1);
    batch.Expect(kv::Table::kJournal, "length", length);
    batch.Put(kv::Table::kJournal, "length", next);
    batch.Put(kv::Table::kJournal, "entry " + std::to_string(count),
              std::string(moves[0].expected->bytes()) + std::string(moves[0].target->bytes()));
    return absl::OkStatus();
  }

  std::vector<std::pair<ObjectId, ObjectId>> Entries() const {
    std::vector<std::pair<ObjectId, ObjectId>> entries;
    EXPECT_TRUE(store_
                    .Scan(kv::Table::kJournal, "entry ", "",
                          [&](ByteView, ByteView value) {
                            entries.emplace_back(*ObjectId::FromBytes(value.substr(0, 20)),
                                                 *ObjectId::FromBytes(value.substr(20)));
                            return true;
                          })
                    .ok());
    return entries;
  }

 private:
  kv::KeyValueStore& store_;
};

class StoredRepositoryTest : public testing::Test {
 protected:
  std::unique_ptr<Repository> Open(uint64_t id = 1) {
    return *OpenStored(store_, id, [this](auto moves, const auto&, kv::Batch& batch) {
      if (!refusal_.ok()) return refusal_;
      return hook_ ? hook_(moves, batch) : absl::OkStatus();
    });
  }

  absl::Status Create(Repository& repository, const std::string& name) {
    const ReferenceMove move = {name, std::nullopt, blob_};
    return repository.references().Move({&move, 1}, kAnyRecord);
  }

  FaultyStore store_;
  absl::Status refusal_;
  std::function<absl::Status(std::span<const ReferenceMove>, kv::Batch&)> hook_;
  const ObjectId blob_ = *ObjectId::FromHex(std::string(40, '1'));
};

TEST_F(StoredRepositoryTest, RepositoriesOfOneStoreAreApart) {
  const auto one = Open(1);
  const auto two = Open(2);
  const ObjectId blob = *one->WriteObject(ObjectType::kBlob, "x");
  ASSERT_TRUE(one->Flush().ok());
  ASSERT_TRUE(Create(*one, "refs/heads/main").ok());
  EXPECT_FALSE(*two->HasObject(blob));
  EXPECT_THAT(*two->references().List(""), IsEmpty());
}

// docs/formats/index.md
TEST_F(StoredRepositoryTest, RowsAreAsDocumented) {
  const auto repository = Open(7);
  ASSERT_TRUE(repository->WriteObject(ObjectType::kBlob, "hello\n").ok());
  kv::Batch batch;
  ASSERT_TRUE(repository->Flush(&batch).ok());
  ASSERT_EQ(batch.writes().size(), 1u);
  EXPECT_EQ(HexEncode(batch.writes()[0].key),
            "0000000000000007ce013625030ba8dba906f756967f9e9ca394464a");
  EXPECT_EQ(HexEncode(*batch.writes()[0].value), "0368656c6c6f0a");

  ASSERT_TRUE(Create(*repository, "refs/heads/main").ok());
  ASSERT_TRUE(repository->SetHeadBranch("refs/heads/next").ok());
  const Bytes number("\0\0\0\0\0\0\0\7", 8);
  const auto value = [&](const char* rest) {
    return **store_.Get(kv::Table::kReferences, number + rest);
  };
  EXPECT_EQ(value("refs/heads/main"), blob_.bytes());
  EXPECT_EQ(value("HEAD"), "refs/heads/next");
  EXPECT_EQ(HexEncode(value("creations")), "0000000000000001");
}

TEST_F(StoredRepositoryTest, FlushIntoABatchIsDurableWithTheBatch) {
  const auto repository = Open();
  const ObjectId blob = *repository->WriteObject(ObjectType::kBlob, "x");
  kv::Batch batch;
  ASSERT_TRUE(repository->Flush(&batch).ok());
  EXPECT_TRUE(*repository->HasObject(blob));
  EXPECT_FALSE(*Open()->HasObject(blob));
  ASSERT_TRUE(store_.Commit(batch).ok());
  EXPECT_TRUE(*Open()->HasObject(blob));
  kv::Batch next;
  ASSERT_TRUE(repository->Flush(&next).ok());
  EXPECT_THAT(next.writes(), IsEmpty());
}

TEST_F(StoredRepositoryTest, ObjectsOfABatchNeverCommittedAreFlushedAgain) {
  const auto repository = Open();
  const ObjectId blob = *repository->WriteObject(ObjectType::kBlob, "x");
  {
    kv::Batch forgotten;
    ASSERT_TRUE(repository->Flush(&forgotten).ok());
  }
  ASSERT_TRUE(repository->Flush().ok());
  EXPECT_TRUE(*Open()->HasObject(blob));
}

TEST_F(StoredRepositoryTest, AFailingStoreKeepsItsErrorThroughLibgit2) {
  const auto repository = Open();
  const auto commit = *CommitId::FromHex(std::string(40, '2'));
  store_.failure = absl::UnavailableError("the store is away");
  EXPECT_EQ(repository->ReadObject(blob_).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(repository->HasObject(blob_).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(repository->ReadCommit(commit).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(repository->MergeBase(commit, commit).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(repository->Resolve("22222").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(repository->WriteObject(ObjectType::kBlob, "x").status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(StoredRepositoryTest, ARowOfNoTypeIsDataLoss) {
  const auto repository = Open();
  Bytes key;
  AppendU64Be(key, 1);
  key.append(blob_.bytes());
  for (const ByteView row : {ByteView(""), ByteView("\x09hello")}) {
    kv::Batch batch;
    batch.Put(kv::Table::kObjects, key, row);
    ASSERT_TRUE(store_.Commit(batch).ok());
    EXPECT_EQ(repository->ReadObject(blob_).status().code(), absl::StatusCode::kDataLoss);
  }
}

TEST_F(StoredRepositoryTest, ADamagedTargetIsDataLoss) {
  const auto repository = Open();
  Bytes key;
  AppendU64Be(key, 1);
  kv::Batch batch;
  batch.Put(kv::Table::kReferences, key + "refs/heads/main", "short");
  ASSERT_TRUE(store_.Commit(batch).ok());
  EXPECT_EQ(repository->references().Read("refs/heads/main").status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(repository->references().List("").status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(StoredRepositoryTest, HeadCannotBeDetached) {
  EXPECT_EQ(Open()->DetachHead(*CommitId::FromHex(std::string(40, '1'))).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(StoredRepositoryTest, WhatTheHookRefusesIsNotMovedNorTriedAgain) {
  const auto repository = Open();
  for (const auto& refusal : {absl::PermissionDeniedError("no"), absl::AbortedError("no")}) {
    refusal_ = refusal;
    EXPECT_EQ(Create(*repository, "refs/heads/main"), refusal);
  }
  EXPECT_EQ(store_.commits, 0);
  EXPECT_EQ(*repository->references().Read("refs/heads/main"), std::nullopt);
}

TEST_F(StoredRepositoryTest, AMoveRefusedForTheHooksExpectationIsTriedAgain) {
  const auto repository = Open();
  int calls = 0;
  hook_ = [&](auto, kv::Batch&) {
    ++calls;
    return absl::OkStatus();
  };
  store_.aborts_left = 5;
  EXPECT_TRUE(Create(*repository, "refs/heads/main").ok());
  EXPECT_EQ(calls, 6);
}

TEST_F(StoredRepositoryTest, AMoveThatIsAlwaysRefusedEnds) {
  const auto repository = Open();
  store_.aborts_left = 1'000'000;
  EXPECT_EQ(Create(*repository, "refs/heads/main").code(), absl::StatusCode::kAborted);
}

TEST_F(StoredRepositoryTest, TheJournalHoldsExactlyTheMovesThatSucceeded) {
  constexpr int kThreads = 8, kMovesEach = 50;
  Journal journal(store_);
  const auto setup = Open();
  ASSERT_TRUE(Create(*setup, "refs/heads/main").ok());
  ASSERT_TRUE(Create(*setup, "refs/heads/other").ok());
  hook_ = [&](auto moves, kv::Batch& batch) { return journal.Append(moves, batch); };
  std::mutex mutex;
  std::vector<std::pair<ObjectId, ObjectId>> moved;
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const auto repository = Open();
      // Two branches: moves of one must not fail because the other moved.
      const std::string name = t % 2 == 0 ? "refs/heads/main" : "refs/heads/other";
      for (int i = 0; i < kMovesEach;) {
        Bytes raw(20, '\0');
        raw[0] = static_cast<char>(t + 1);
        raw[1] = static_cast<char>(i + 1);
        const ObjectId target = *ObjectId::FromBytes(raw);
        const ObjectId current = **repository->references().Read(name);
        const ReferenceMove move = {name, current, target};
        const auto status = repository->references().Move({&move, 1}, kAnyRecord);
        ASSERT_TRUE(status.ok() || absl::IsAborted(status)) << status;
        if (!status.ok()) continue;
        ++i;
        std::lock_guard lock(mutex);
        moved.emplace_back(current, target);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(moved.size(), size_t{kThreads * kMovesEach});
  EXPECT_THAT(journal.Entries(), testing::UnorderedElementsAreArray(moved));
}

}  // namespace
}  // namespace mreg::history
