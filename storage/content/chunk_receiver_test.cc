#include "storage/content/chunk_receiver.h"

#include <gtest/gtest.h>

#include <random>

#include "schema/base/sha256.h"
#include "schema/base/status.h"
#include "storage/content/fsck.h"
#include "storage/content/store_fixture.h"
#include "tests/models/weights.h"

namespace mreg::content {
namespace {

using Store = TestStore;

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
  }
  EXPECT_EQ(*to_.content.Missing(ids_), std::vector{ids_.back()});
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

class DifferenceTransferTest : public ChunkTransferTest {
 protected:
  static constexpr onnx::DataType kFloat = 1;

  DifferenceTransferTest() {
    const auto ingest = from_.content.BeginIngest(nullptr);
    EXPECT_TRUE(ingest->Add(Encode(base_id_, base_, kFloat)).ok());
    difference_ = EncodeBeside(tuned_id_, tuned_, kFloat, {{base_id_}, kFloat, base_});
    EXPECT_TRUE(ingest->Add(difference_).ok());
    EXPECT_TRUE(ingest->Finish().ok());
  }

  absl::Status Send(std::vector<ChunkId> ids, std::span<const ChunkId> known) {
    const auto sender = *ChunkSender::Open(from_.content, std::move(ids), known);
    Bytes stream(sender->most() + 1, '\0');
    MREG_ASSIGN_OR_RETURN(sent_, sender->Read(stream));
    stream.resize(sent_);
    ChunkReceiver receiver(to_.content, nullptr, nullptr);
    MREG_RETURN_IF_ERROR(receiver.Write(stream));
    return receiver.Finish();
  }
  size_t BasesThere(const ChunkId& id) { return to_.content.GetStored(id)->bases.size(); }

  const Bytes base_ = test_models::NormalFloats(50'000, 1);
  const Bytes tuned_ = test_models::TrainedFloats(base_, 0.001f, 2);
  const ChunkId base_id_ = IdOf<ChunkId>(base_), tuned_id_ = IdOf<ChunkId>(tuned_);
  StoredChunk difference_;
  size_t sent_ = 0;
};

TEST_F(DifferenceTransferTest, TravelsBehindItsBase) {
  ASSERT_TRUE(Send({tuned_id_, base_id_}, {}).ok());
  EXPECT_EQ(*to_.content.Get(tuned_id_), tuned_);
  EXPECT_EQ(BasesThere(tuned_id_), 1u);
}

TEST_F(DifferenceTransferTest, TravelsAloneToWhoHasTheBase) {
  ASSERT_TRUE(Send({base_id_}, {}).ok());
  ASSERT_TRUE(Send({tuned_id_}, {&base_id_, 1}).ok());
  EXPECT_LT(sent_, base_.size() * 6 / 10);
  EXPECT_EQ(*to_.content.Get(tuned_id_), tuned_);
}

TEST_F(DifferenceTransferTest, IsSentInAFormOfItsOwnToOthers) {
  ASSERT_TRUE(Send({tuned_id_}, {}).ok());
  EXPECT_LT(sent_, base_.size() * 9 / 10);
  EXPECT_EQ(*to_.content.Get(tuned_id_), tuned_);
  EXPECT_EQ(BasesThere(tuned_id_), 0u);
}

TEST_F(DifferenceTransferTest, IsRefusedWithoutItsBase) {
  EXPECT_TRUE(absl::IsNotFound(Send({tuned_id_}, {&base_id_, 1})));
  EXPECT_FALSE(to_.content.Get(tuned_id_).ok());
}

TEST_F(DifferenceTransferTest, IsRefusedIfItsBaseIsADifferenceToo) {
  ASSERT_TRUE(Send({base_id_, tuned_id_}, {}).ok());
  const Bytes next = test_models::TrainedFloats(tuned_, 0.001f, 3);
  const StoredChunk deep =
      EncodeBeside(IdOf<ChunkId>(next), next, kFloat, {{tuned_id_}, kFloat, tuned_});
  ASSERT_EQ(deep.bases.size(), 1u);
  ChunkReceiver receiver(to_.content, nullptr, nullptr);
  absl::Status status =
      receiver.Write(StreamHeader() + RecordHeader(deep) + deep.payload + EndRecord());
  if (status.ok()) status = receiver.Finish();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
}

// Another sender's base can be a difference here: it does not know that, and sends it whole.
TEST_F(DifferenceTransferTest, IsTakenIfItsBaseCameWholeAndIsStoredAsADifference) {
  ASSERT_TRUE(Send({base_id_, tuned_id_}, {}).ok());
  ASSERT_EQ(BasesThere(tuned_id_), 1u);
  const Bytes next = test_models::TrainedFloats(tuned_, 0.001f, 3);
  const StoredChunk whole = Encode(tuned_id_, tuned_, kFloat);
  const StoredChunk deep =
      EncodeBeside(IdOf<ChunkId>(next), next, kFloat, {{tuned_id_}, kFloat, tuned_});
  ChunkReceiver receiver(to_.content, nullptr, nullptr);
  ASSERT_TRUE(receiver
                  .Write(StreamHeader() + RecordHeader(whole) + whole.payload + RecordHeader(deep) +
                         deep.payload + EndRecord())
                  .ok());
  ASSERT_TRUE(receiver.Finish().ok());
  EXPECT_EQ(*to_.content.Get(deep.id), next);
  EXPECT_EQ(*to_.content.Get(tuned_id_), tuned_);
  EXPECT_EQ(BasesThere(tuned_id_), 0u);
  EXPECT_EQ(BasesThere(deep.id), 1u);
  EXPECT_TRUE(Fsck(to_.content, FsckDepth::kContent, nullptr)->problems.empty());
}

TEST_F(DifferenceTransferTest, IsRefusedWhereItsBaseMayNotBeUsed) {
  ASSERT_TRUE(Send({base_id_}, {}).ok());
  ChunkReceiver receiver(to_.content, nullptr, nullptr,
                         [](std::span<const ChunkId>) { return false; });
  EXPECT_TRUE(absl::IsNotFound(
      receiver.Write(StreamHeader() + RecordHeader(difference_) + difference_.payload)));
}

TEST_F(DifferenceTransferTest, OfAKilledWriterIsTakenOverWithItsBase) {
  const StoredChunk base = Encode(base_id_, base_, kFloat);
  const Bytes left = StreamHeader() + RecordHeader(base) + base.payload +
                     RecordHeader(difference_) + difference_.payload;
  ASSERT_TRUE(
      WriteFileAtomically(PosixFileSystem(), to_.directory + "/incoming/left.pack", left).ok());
  EXPECT_EQ(*to_.content.RecoverUploads(nullptr), 2u);
  EXPECT_EQ(*to_.content.Get(tuned_id_), tuned_);
}

TEST_F(ChunkTransferTest, WhatIsNotThereCannotBeSent) {
  EXPECT_TRUE(absl::IsNotFound(ChunkSender::Open(from_.content, {ChunkId()}, {}).status()));
}

}  // namespace
}  // namespace mreg::content
