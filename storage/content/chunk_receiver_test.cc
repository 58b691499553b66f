#include "storage/content/chunk_receiver.h"

#include <gtest/gtest.h>

#include <random>

#include "schema/base/sha256.h"
#include "storage/content/fsck.h"
#include "storage/kv/memory_store.h"

namespace mreg::content {
namespace {

std::string FreshDirectory() {
  std::string path = JoinPath(testing::TempDir(), "receiver-XXXXXX");
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  return path;
}

struct Store {
  const std::unique_ptr<kv::KeyValueStore> index = kv::MakeMemoryStore();
  const std::unique_ptr<PackStore> packs = *OpenPackFolder(PosixFileSystem(), FreshDirectory());
  ContentStore content{*index, *packs};
};

class ChunkTransferTest : public testing::Test {
 protected:
  ChunkTransferTest() {
    const auto ingest = from_.content.BeginIngest(nullptr);
    for (int i = 0; i < 40; ++i) {
      Bytes plain(static_cast<size_t>(1 + i * 1'000), '\0');
      for (char& byte : plain) byte = static_cast<char>(random_() % (i % 2 == 0 ? 256 : 4));
      ids_.push_back(IdOf<ChunkId>(plain));
      EXPECT_TRUE(ingest->Add(Encode(ids_.back(), plain)).ok());
    }
    EXPECT_TRUE(ingest->Finish().ok());
  }

  Bytes Stream(const std::vector<ChunkId>& ids) {
    const auto sender = *ChunkSender::Open(from_.content, ids, {});
    Bytes stream(*sender->length() + 1, '\0');
    const size_t length = *sender->Read(stream);
    EXPECT_EQ(length, sender->length());
    stream.resize(length);
    return stream;
  }

  std::mt19937 random_{3};
  Store from_, to_;
  std::vector<ChunkId> ids_;
};

TEST_F(ChunkTransferTest, AllChunksArrive) {
  ChunkReceiver receiver(to_.content, nullptr, nullptr);
  ASSERT_TRUE(receiver.Write(Stream(ids_)).ok());
  ASSERT_TRUE(receiver.Finish().ok());
  EXPECT_EQ(receiver.chunk_count(), ids_.size());
  EXPECT_TRUE(to_.content.Missing(ids_)->empty());
  EXPECT_TRUE(Fsck(to_.content, FsckDepth::kContent, nullptr)->problems.empty());
}

TEST_F(ChunkTransferTest, AfterACutAnywhereTheSecondTrySendsOnlyTheRest) {
  const Bytes stream = Stream(ids_);
  for (int round = 0; round < 20; ++round) {
    Store to;
    const size_t cut = random_() % stream.size();
    { ASSERT_TRUE(ChunkReceiver(to.content, nullptr, nullptr).Write(stream.substr(0, cut)).ok()); }
    const auto missing = *to.content.Missing(ids_);
    // All whole records that came were kept.
    const size_t kept = stream.size() - Stream(missing).size();
    EXPECT_LE(kept, cut);
    EXPECT_GT(kept + (41 << 10), cut);
    ChunkReceiver second(to.content, nullptr, nullptr);
    ASSERT_TRUE(second.Write(Stream(missing)).ok());
    ASSERT_TRUE(second.Finish().ok());
    EXPECT_TRUE(to.content.Missing(ids_)->empty());
  }
}

TEST_F(ChunkTransferTest, FinishTellsThatTheStreamWasCut) {
  ChunkReceiver receiver(to_.content, nullptr, nullptr);
  const Bytes stream = Stream(ids_);
  ASSERT_TRUE(receiver.Write(ByteView(stream).substr(0, stream.size() - 1)).ok());
  EXPECT_TRUE(absl::IsDataLoss(receiver.Finish()));
}

TEST_F(ChunkTransferTest, AFalseChunkIsRefusedAndItsPredecessorsAreKept) {
  Bytes stream = Stream(ids_);
  const size_t last_payload_byte = stream.size() - kRecordHeaderBytes - 1;
  stream[last_payload_byte] = static_cast<char>(stream[last_payload_byte] ^ 1);
  {
    ChunkReceiver receiver(to_.content, nullptr, nullptr);
    absl::Status status = receiver.Write(stream);
    if (status.ok()) status = receiver.Finish();
    EXPECT_TRUE(absl::IsDataLoss(status));
    EXPECT_FALSE(to_.content.Get(ids_.back()).ok());
  }
  ChunkReceiver receiver(to_.content, nullptr, nullptr);
  EXPECT_TRUE(absl::IsInvalidArgument(receiver.Write("something else altogether")));
}

TEST_F(ChunkTransferTest, ProvedChunksAreReportedAlsoIfKnown) {
  int proved = 0;
  for (int round = 1; round <= 2; ++round) {
    ChunkReceiver receiver(to_.content, nullptr, [&](const ChunkId&) {
      ++proved;
      return absl::OkStatus();
    });
    ASSERT_TRUE(receiver.Write(Stream(ids_)).ok());
    ASSERT_TRUE(receiver.Finish().ok());
    EXPECT_EQ(proved, round * 40);
  }
}

TEST_F(ChunkTransferTest, WhatIsNotThereCannotBeSent) {
  EXPECT_TRUE(absl::IsNotFound(ChunkSender::Open(from_.content, {ChunkId()}, {}).status()));
}

}  // namespace
}  // namespace mreg::content
