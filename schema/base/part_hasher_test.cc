#include "schema/base/part_hasher.h"

#include <gtest/gtest.h>

#include <random>

#include "schema/base/sha256.h"

namespace mreg {
namespace {

class PartHasherTest : public testing::TestWithParam<PartHasher::With> {
 protected:
  // Not the same bytes anywhere near.
  static Bytes Text(size_t size) {
    std::mt19937 random(static_cast<unsigned>(size));
    Bytes text(size, '\0');
    for (char& c : text) c = static_cast<char>(random());
    return text;
  }
  PartHasher hasher_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Ways, PartHasherTest,
                         testing::Values(PartHasher::With::kBest, PartHasher::With::kOpenSsl),
                         [](const auto& way) {
                           return way.param == PartHasher::With::kBest ? "Best" : "OpenSsl";
                         });

TEST_P(PartHasherTest, OfNothingIsTheHashOfNothing) { EXPECT_EQ(hasher_.Finish(), Sha256Of("")); }

// Each length of padding, and each place of the part in the file's blocks.
TEST_P(PartHasherTest, PartAndFileHaveTheirHashes) {
  for (const size_t before : {0, 1, 55, 56, 63, 64, 65, 130}) {
    for (size_t size = 0; size < 200; ++size) {
      const Bytes file = Text(before + size + 7);
      hasher_.Update(ByteView(file).substr(0, before));
      const ByteView part = ByteView(file).substr(before, size);
      ASSERT_EQ(hasher_.UpdateWithPart(part), Sha256Of(part)) << before << " " << size;
      hasher_.Update(ByteView(file).substr(before + size));
      ASSERT_EQ(hasher_.Finish(), Sha256Of(file)) << before << " " << size;
    }
  }
}

TEST_P(PartHasherTest, ManyLargePartsInARow) {
  const Bytes file = Text(3 << 20);
  std::mt19937 random(1);
  for (size_t at = 0; at < file.size();) {
    const size_t size = std::min<size_t>(random() % 500'000, file.size() - at);
    const ByteView part = ByteView(file).substr(at, size);
    if (random() % 3 == 0) {
      hasher_.Update(part);
    } else {
      ASSERT_EQ(hasher_.UpdateWithPart(part), Sha256Of(part));
    }
    at += size;
  }
  EXPECT_EQ(hasher_.Finish(), Sha256Of(file));
}

TEST_P(PartHasherTest, StartsAfreshAfterFinish) {
  hasher_.UpdateWithPart("left over");
  hasher_.Finish();
  hasher_.Update("abc");
  EXPECT_EQ(hasher_.Finish(), Sha256Of("abc"));
}

}  // namespace
}  // namespace mreg
