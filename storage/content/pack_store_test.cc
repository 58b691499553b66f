// The conformance suite of PackStore, and the pack format on top of it. A new implementation adds
// its factory at the end.
#include "storage/content/pack_store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "schema/base/faulty_file_system.h"
#include "schema/base/sha256.h"
#include "storage/content/pack.h"

namespace mreg::content {
namespace {

std::string FreshDirectory() {
  std::string path = JoinPath(testing::TempDir(), "packs-XXXXXX");
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  return path;
}

StoredChunk Chunk(const Bytes& plain) { return Encode(IdOf<ChunkId>(plain), plain); }

using Factory = std::function<absl::StatusOr<std::unique_ptr<PackStore>>(const std::string&)>;

class PackStoreTest : public testing::TestWithParam<std::pair<const char*, Factory>> {
 protected:
  std::vector<PackedChunk> WritePack(const std::vector<Bytes>& contents) {
    auto writer = PackWriter::Begin(*store_);
    EXPECT_TRUE(writer.ok());
    for (const Bytes& content : contents) EXPECT_TRUE(writer->Add(Chunk(content)).ok());
    auto packed = writer->Seal();
    EXPECT_TRUE(packed.ok()) << packed.status();
    return *packed;
  }

  const std::string directory_ = FreshDirectory();
  const std::unique_ptr<PackStore> store_ = *GetParam().second(directory_);
};

TEST_P(PackStoreTest, WhatWasPublishedIsListedAndReadBack) {
  const auto packed = WritePack({"one", Bytes(100'000, 'x')});
  const auto packs = *store_->List();
  ASSERT_EQ(packs.size(), 1u);
  EXPECT_EQ(packs[0].id, packed[0].place.pack);
  EXPECT_EQ(*Decode(*ReadRecord(*store_, packed[0].id, packed[0].place)), "one");
  EXPECT_EQ(*Decode(*ReadRecord(*store_, packed[1].id, packed[1].place)), Bytes(100'000, 'x'));
}

TEST_P(PackStoreTest, AnUploadThatIsNotPublishedIsNeverSeen) {
  {
    auto upload = *store_->Begin();
    ASSERT_TRUE(upload->Write("half").ok());
    EXPECT_TRUE(store_->List()->empty());
  }
  int left_behind = 0;
  ASSERT_TRUE(store_
                  ->RecoverUploads([&](const ReadableFile&) {
                    ++left_behind;
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_EQ(left_behind, 0);
}

TEST_P(PackStoreTest, AnUploadUnderWayIsNotTakenForALeftOver) {
  auto writer = PackWriter::Begin(*store_);
  ASSERT_TRUE(writer->Add(Chunk("one")).ok());
  ASSERT_TRUE(store_
                  ->RecoverUploads([](const ReadableFile&) {
                    ADD_FAILURE() << "a living writer's file was given up";
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_TRUE(writer->Seal().ok());
}

TEST_P(PackStoreTest, ReadingWhatIsNotThereFails) {
  const auto packed = WritePack({"one"});
  char buffer[10];
  EXPECT_EQ(store_->ReadAt(PackId(), 0, buffer).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->ReadAt(packed[0].place.pack, 1 << 20, buffer).code(),
            absl::StatusCode::kDataLoss);
}

TEST_P(PackStoreTest, ARemovedPackIsGone) {
  const auto packed = WritePack({"one"});
  ASSERT_TRUE(store_->Remove(packed[0].place.pack).ok());
  EXPECT_TRUE(store_->List()->empty());
  char buffer[1];
  EXPECT_EQ(store_->ReadAt(packed[0].place.pack, 0, buffer).code(), absl::StatusCode::kNotFound);
}

TEST_P(PackStoreTest, TheFooterListsWhatWasWritten) {
  const auto packed = WritePack({"one", "two", Bytes(70'000, 'y')});
  const auto listed = ReadPackFooter(*store_, store_->List()->front());
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*listed)[i].id, packed[i].id);
    EXPECT_EQ((*listed)[i].place.offset, packed[i].place.offset);
    EXPECT_EQ((*listed)[i].place.stored_length, packed[i].place.stored_length);
  }
}

TEST_P(PackStoreTest, EqualContentIsAnotherPackEachTime) {
  const PackId first = WritePack({"one"})[0].place.pack;
  const PackId second = WritePack({"one"})[0].place.pack;
  EXPECT_NE(first, second);
  EXPECT_EQ(store_->List()->size(), 2u);
}

TEST_P(PackStoreTest, APackIsAsOldAsItsFile) {
  const TimePoint before = SystemClock().Now() - std::chrono::seconds(5);
  WritePack({"one"});
  const TimePoint written = store_->List()->front().written;
  EXPECT_GT(written, before);
  EXPECT_LE(written, SystemClock().Now() + std::chrono::seconds(5));
}

INSTANTIATE_TEST_SUITE_P(All, PackStoreTest,
                         testing::Values(std::pair<const char*, Factory>(
                             "folder",
                             [](const std::string& directory) {
                               return OpenPackFolder(PosixFileSystem(), directory);
                             })),
                         [](const auto& param) { return param.param.first; });

TEST(PackFooter, EveryFlippedByteOfFooterAndTrailerIsFound) {
  const std::string directory = FreshDirectory();
  const auto store = *OpenPackFolder(PosixFileSystem(), directory);
  auto writer = PackWriter::Begin(*store);
  ASSERT_TRUE(writer->Add(Chunk("one")).ok());
  const PackId id = (*writer->Seal())[0].place.pack;
  const std::string path =
      fmt::format("{}/packs/{}/{}.pack", directory, id.ToHex().substr(0, 2), id.ToHex());
  const Bytes good = *ReadSmallFile(PosixFileSystem(), path, 1 << 20);
  const size_t footer_begins = 16 + 48 + 3 + 48;
  for (size_t at = footer_begins; at < good.size(); ++at) {
    Bytes bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), path, bad).ok());
    const auto reopened = *OpenPackFolder(PosixFileSystem(), directory);
    const auto footer = ReadPackFooter(*reopened, {id, bad.size(), TimePoint()});
    EXPECT_EQ(footer.status().code(), absl::StatusCode::kDataLoss) << "byte " << at;
  }
}

TEST(PackFolder, AFullDiskFailsTheWriteAndLeavesNothing) {
  const std::string directory = FreshDirectory();
  FaultyFileSystem fs(PosixFileSystem());
  const auto store = *OpenPackFolder(fs, directory);
  for (int step = 0; step < 12; ++step) {
    fs.FailAfter(step, absl::ResourceExhaustedError("disk full"));
    auto writer = PackWriter::Begin(*store);
    absl::Status status = writer.status();
    if (status.ok()) status = writer->Add(Chunk("one"));
    if (status.ok()) status = writer->Seal().status();
    fs.Heal();
    if (status.ok()) return;  // more steps than the write takes
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  }
  FAIL() << "a pack of one chunk took more than twelve operations";
}

}  // namespace
}  // namespace mreg::content
