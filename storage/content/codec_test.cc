#include "storage/content/codec.h"

#include <gtest/gtest.h>

#include <random>

#include "schema/base/sha256.h"

namespace mreg::content {
namespace {

Bytes RandomBytes(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  Bytes bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

StoredChunk EncodeWhole(const Bytes& plain) { return Encode(IdOf<ChunkId>(plain), plain); }

TEST(Codec, RandomBytesAreKeptRaw) {
  for (size_t size : {1u, 100u, 1u << 20}) {
    const Bytes plain = RandomBytes(size, 1);
    const StoredChunk chunk = EncodeWhole(plain);
    EXPECT_EQ(chunk.encoding, Encoding::kRaw);
    EXPECT_EQ(*Decode(chunk), plain);
  }
}

TEST(Codec, CompressibleBytesAreCompressedAndComeBack) {
  const Bytes plain(300'000, 'x');
  const StoredChunk chunk = EncodeWhole(plain);
  EXPECT_EQ(chunk.encoding, Encoding::kZstd);
  EXPECT_LT(chunk.payload.size(), 1'000u);
  EXPECT_EQ(*Decode(chunk), plain);
}

TEST(Codec, AFlippedBitIsDataLoss) {
  for (const Bytes& plain : {RandomBytes(10'000, 2), Bytes(10'000, 'x')}) {
    StoredChunk chunk = EncodeWhole(plain);
    for (size_t at = 0; at < chunk.payload.size(); at += 1 + chunk.payload.size() / 50) {
      StoredChunk damaged = chunk;
      damaged.payload[at] = static_cast<char>(damaged.payload[at] ^ 4);
      EXPECT_EQ(Decode(damaged).status().code(), absl::StatusCode::kDataLoss);
    }
  }
}

TEST(Codec, AClaimOfAnotherLengthIsDataLoss) {
  StoredChunk chunk = EncodeWhole(Bytes(10'000, 'x'));
  for (uint32_t claimed : {0u, 9'999u, 10'001u, kMaxChunkBytes + 1, ~0u}) {
    chunk.plain_length = claimed;
    EXPECT_EQ(Decode(chunk).status().code(), absl::StatusCode::kDataLoss) << claimed;
  }
}

TEST(Codec, AnUnknownEncodingIsDataLoss) {
  StoredChunk chunk = EncodeWhole("abc");
  chunk.encoding = static_cast<Encoding>(200);
  EXPECT_EQ(Decode(chunk).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace mreg::content
