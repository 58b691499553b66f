#include "storage/content/record_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/base/hex.h"
#include "schema/base/sha256.h"

namespace mreg::content {
namespace {

Bytes Record(const Bytes& plain) {
  const StoredChunk chunk = Encode(IdOf<ChunkId>(plain), plain);
  return RecordHeader(chunk) + chunk.payload;
}

struct Parsed {
  std::vector<Bytes> payloads;
  absl::Status status;
  bool at_end = false;
};

Parsed Parse(const Bytes& stream, size_t step) {
  Parsed parsed;
  RecordParser parser([&](StoredChunk chunk) {
    parsed.payloads.push_back(chunk.payload);
    return absl::OkStatus();
  });
  for (size_t at = 0; at < stream.size() && parsed.status.ok(); at += step) {
    parsed.status = parser.Feed(ByteView(stream).substr(at, step));
  }
  parsed.at_end = parser.at_end();
  return parsed;
}

TEST(RecordStream, ComesBackHoweverItIsCutIntoPieces) {
  const Bytes stream = StreamHeader() + Record("one") + Record("three") + EndRecord();
  for (size_t step = 1; step <= stream.size(); ++step) {
    const Parsed parsed = Parse(stream, step);
    EXPECT_TRUE(parsed.status.ok());
    EXPECT_TRUE(parsed.at_end);
    EXPECT_THAT(parsed.payloads, testing::ElementsAre("one", "three"));
  }
}

TEST(RecordStream, ACutStreamGivesItsWholeChunksAndNoEnd) {
  const Bytes stream = StreamHeader() + Record("one") + Record("three") + EndRecord();
  for (size_t length = 0; length < stream.size(); ++length) {
    const Parsed parsed = Parse(stream.substr(0, length), 7);
    EXPECT_TRUE(parsed.status.ok());
    EXPECT_FALSE(parsed.at_end);
  }
}

TEST(RecordStream, OtherMagicVersionKindsAndTrailingBytesAreRefused) {
  const Bytes good = StreamHeader() + Record("one") + EndRecord();
  const auto refused = [](Bytes stream) {
    return Parse(stream, 64).status.code() == absl::StatusCode::kInvalidArgument;
  };
  Bytes bad = good;
  bad[0] = 'X';
  EXPECT_TRUE(refused(bad));
  bad = good;
  bad[8] = 2;
  EXPECT_TRUE(refused(bad));
  bad = good;
  bad[kStreamHeaderBytes] = 'Z';
  EXPECT_TRUE(refused(bad));
  EXPECT_TRUE(refused(good + "x"));
}

TEST(RecordStream, ALengthBeyondAnyChunkIsRefusedBeforeItIsAllocated) {
  StoredChunk chunk = Encode(ChunkId(), "abc");
  Bytes header = RecordHeader(chunk);
  header[7] = '\x7f';  // stored length: 2 GB
  EXPECT_EQ(Parse(StreamHeader() + header, 100).status.code(), absl::StatusCode::kInvalidArgument);
}

// The bytes of docs/formats/pack.md: a change of the format must be one of its version.
TEST(RecordStream, TheFormatIsTheDocumentedOne) {
  EXPECT_EQ(HexEncode(StreamHeader()),
            "4d524547"
            "5041434b"
            "01000000"
            "00000000");
  EXPECT_EQ(HexEncode(Record("abc")),
            "43000000"
            "03000000"
            "03000000"
            "00000000"
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
            "616263");
}

}  // namespace
}  // namespace mreg::content
