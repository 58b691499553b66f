#include "storage/content/content_cutter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "tests/models/weights.h"

namespace mreg::content {
namespace {

Bytes RandomBytes(size_t size, uint64_t seed) {
  test_models::NormalNumbers numbers(seed);
  Bytes bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(numbers.NextBits());
  return bytes;
}

std::vector<ByteView> CutAll(ByteView data, const CutSizes& sizes) {
  std::vector<ByteView> chunks;
  while (!data.empty()) {
    const uint32_t length = FirstCut(data, sizes);
    chunks.push_back(data.substr(0, length));
    data.remove_prefix(length);
  }
  return chunks;
}

TEST(ContentCutter, EmptyDataHasNoChunk) { EXPECT_EQ(FirstCut("", kContentCut), 0u); }

TEST(ContentCutter, ChunksKeepTheirLimits) {
  for (const CutSizes& sizes : {kContentCut, kSkeletonCut}) {
    const Bytes data = RandomBytes(8 << 20, 1);
    const std::vector<ByteView> chunks = CutAll(data, sizes);
    for (size_t i = 0; i + 1 < chunks.size(); ++i) {
      EXPECT_GT(chunks[i].size(), sizes.min);
      EXPECT_LE(chunks[i].size(), sizes.max);
    }
    EXPECT_LE(chunks.back().size(), sizes.max);
  }
}

TEST(ContentCutter, ChunksHaveAboutTheAverageSize) {
  for (const CutSizes& sizes : {kContentCut, kSkeletonCut}) {
    const Bytes data = RandomBytes(32 << 20, 2);
    const double mean =
        static_cast<double>(data.size()) / static_cast<double>(CutAll(data, sizes).size());
    EXPECT_GT(mean, .9 * sizes.average);
    EXPECT_LT(mean, 1.3 * sizes.average);
  }
}

TEST(ContentCutter, BytesWithoutVariationAreCutAtTheMaximum) {
  EXPECT_EQ(FirstCut(Bytes(1 << 20, '\0'), kContentCut), kContentCut.max);
  EXPECT_EQ(FirstCut(Bytes(kContentCut.min, '\0'), kContentCut), kContentCut.min);
  EXPECT_EQ(FirstCut(Bytes(1, '\0'), kContentCut), 1u);
}

TEST(ContentCutter, BytesBeyondTheMaximumDoNotMatter) {
  const Bytes data = RandomBytes(1 << 20, 3);
  for (const ByteView chunk : CutAll(data, kContentCut)) {
    const auto offset = static_cast<size_t>(chunk.data() - data.data());
    const ByteView window = ByteView(data).substr(offset, kContentCut.max);
    ASSERT_EQ(FirstCut(window, kContentCut), chunk.size());
  }
}

TEST(ContentCutter, AnInsertionChangesOnlyTheChunksAround) {
  const Bytes data = RandomBytes(8 << 20, 4);
  const Bytes edited = data.substr(0, 3'000'000) + "inserted" + data.substr(3'000'000);
  const std::vector<ByteView> before = CutAll(data, kContentCut);
  const std::set<ByteView> old(before.begin(), before.end());
  uint64_t fresh = 0;
  for (const ByteView chunk : CutAll(edited, kContentCut)) {
    if (!old.contains(chunk)) fresh += chunk.size();
  }
  EXPECT_GT(fresh, 0u);
  EXPECT_LE(fresh, 3 * kContentCut.max);
}

// If this fails, every file that is pushed again is stored again.
TEST(ContentCutter, TheBoundariesStay) {
  const Bytes data = RandomBytes(300'000, 5);
  std::vector<size_t> lengths;
  for (const ByteView chunk : CutAll(data, kContentCut)) lengths.push_back(chunk.size());
  EXPECT_THAT(lengths, testing::ElementsAre(113001, 71801, 68341, 46857));
  lengths.clear();
  for (const ByteView chunk : CutAll(ByteView(data).substr(0, 50'000), kSkeletonCut)) {
    lengths.push_back(chunk.size());
  }
  EXPECT_THAT(lengths, testing::ElementsAre(11436, 8286, 9171, 8912, 9141, 3054));
}

TEST(ContentCutter, SpeedIsRecorded) {
  const Bytes data = RandomBytes(64 << 20, 6);
  const auto start = std::chrono::steady_clock::now();
  const size_t chunks = CutAll(data, kContentCut).size();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_GT(chunks, 0u);
  RecordProperty("MB_per_s", std::to_string(static_cast<double>(data.size()) / 1e6 / took.count()));
}

}  // namespace
}  // namespace mreg::content
