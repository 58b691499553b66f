#include "storage/content/codec.h"

#include <gtest/gtest.h>

#include <bit>
#include <initializer_list>
#include <random>

#include "schema/base/coding.h"
#include "schema/base/hex.h"
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

Bytes Floats(std::initializer_list<float> values) {
  Bytes bytes;
  for (const float value : values) AppendU32Le(bytes, std::bit_cast<uint32_t>(value));
  return bytes;
}

// Written by hand from docs/formats/encodings.md. What packs hold must stay readable.
TEST(Codec, ReadsTheFormatAsItIsSpecified) {
  const Bytes base = Floats({1, 2, -3, 0.5});
  const auto read = [](Encoding encoding, uint32_t length, std::string_view payload,
                       ByteView from = {}) {
    return HexEncode(
        *DecodeUnverified({ChunkId(), encoding, length, {}, *HexDecode(payload)}, from));
  };
  EXPECT_EQ(read(Encoding::kRaw, 3, "616263"), "616263");
  // Turned left, the exponents 7f 80 80 7e are the first plane; the second and third are constant.
  EXPECT_EQ(read(Encoding::kPlanes, 16, "01007f80807e000000800003000000000100"), HexEncode(base));
  // Exclusive or: 0, 1, 2 and a value of 23 bits, symbol 84, whose 20 low bits are zero.
  EXPECT_EQ(read(Encoding::kDifference, 16,
                 "0101000b0000000000000000000000000000000001025400000000", base),
            HexEncode(Floats({1, 2.0000002f, -3.0000005f, 0.75})));
  // Rounded to fp16; the second differs by one in the last place.
  EXPECT_EQ(read(Encoding::kComputed, 8,
                 "0a01010a0000803f00000000000008000000000000000000000000000200000000", base),
            "003c014000c20038");
  // Quantised to int8 with a scale of .25 and a zero point of 1; nothing differs.
  EXPECT_EQ(read(Encoding::kComputed, 4,
                 "030201030000803e010000000000080000000000000000000000030000", base),
            "0509f503");
  // To int4 with a scale of .5, the first of two in the low half.
  EXPECT_EQ(read(Encoding::kComputed, 2,
                 "160201160000003f000000000000080000000000000000000000030000", base),
            "421a");
  // To int8 by two channels in turn, of which the second comes first: .25 with a zero point of 1,
  // .5 with none.
  const std::string none =
      "0000080000000000000000000000"
      "0300";  // symbols all zero
  EXPECT_EQ(read(Encoding::kComputed, 4,
                 "03030103"
                 "01000000020000000000000001000000"
                 "007d7e030003000300"
                 "000100" +
                     none + "00",
                 base),
            "0209fa03");
  // Levels from the second on, multiplied out.
  EXPECT_EQ(read(Encoding::kComputed, 8,
                 "01040301"
                 "01000000"
                 "01000000010000000000000000000000"
                 "037d030003000300"
                 "0301" +
                     none + "00000000",
                 *HexDecode("0209fa03")),
            HexEncode(Floats({2, -1.75})));
  // bf16 from the second on, as fp32.
  EXPECT_EQ(read(Encoding::kComputed, 4,
                 "01051001"
                 "01000000" +
                     none + "00000000",
                 *HexDecode("803f0040")),
            HexEncode(Floats({2})));
  // From the second on to the nearest multiples of .75.
  EXPECT_EQ(read(Encoding::kComputed, 12,
                 "01060101"
                 "01000000"
                 "01000000010000000000000000000000"
                 "037e038003000300" +
                     none + "00000000",
                 base),
            HexEncode(Floats({2.25, -3, 0.75})));
  // A matrix of two by two the other way round, from the second on.
  EXPECT_EQ(read(Encoding::kComputed, 12,
                 "01"
                 "0701020000000200000001000000"
                 "00" +
                     none + "00000000",
                 base),
            HexEncode(Floats({-3, 2, 0.5})));
  // The same, rounded to fp16.
  EXPECT_EQ(read(Encoding::kComputed, 6,
                 "0a"
                 "0701020000000200000001000000"
                 "01010a0000803f00000000" +
                     none + "0000",
                 base),
            "00c200400038");
}

TEST(Codec, ATranspositionThatDoesNotFitIsDataLoss) {
  const Bytes base = Floats({1, 2, -3, 0.5});
  const std::string rest =
      "00000008000000000000000000000003000000"
      "0000";
  for (const std::string_view turn :
       {"0701020000000300000001000000",   // of more elements than there are
        "0701000000000200000000000000",   // of none
        "0701020000000200000004000000",   // from behind its end
        "0701ffffffffffffffff00000000",   // of more than can be counted
        "0716020000000200000001000000",   // of half bytes
        "070a020000000200000001000000",   // of another type than the chunk
        "07010200000002000000010000"}) {  // cut short
    const auto payload = *HexDecode("01" + std::string(turn) + rest);
    EXPECT_TRUE(absl::IsDataLoss(
        DecodeUnverified({ChunkId(), Encoding::kComputed, 12, {}, payload}, base).status()))
        << turn;
  }
}

TEST(Codec, ATypeThatDoesNotFitItsRuleIsDataLoss) {
  const Bytes base = Floats({1, 2, -3, 0.5});
  const auto payload = *HexDecode("010201030000803e010000000000080000000000000000000000030000");
  EXPECT_TRUE(absl::IsDataLoss(
      DecodeUnverified({ChunkId(), Encoding::kComputed, 4, {}, payload}, base).status()));
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
