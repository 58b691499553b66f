#include "schema/base/bytes_file.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace mreg {
namespace {

TEST(BytesFile, IsReadLikeAFile) {
  const BytesFile file("abcdef");
  EXPECT_EQ(*file.Size(), 6u);
  std::array<char, 4> buffer{};
  EXPECT_EQ(*file.ReadAt(1, buffer), 4u);
  EXPECT_EQ(std::string(buffer.data(), 4), "bcde");
  EXPECT_EQ(*file.ReadAt(4, buffer), 2u);
  EXPECT_EQ(std::string(buffer.data(), 2), "ef");
  EXPECT_EQ(*file.ReadAt(6, buffer), 0u);
  EXPECT_EQ(*file.ReadAt(std::numeric_limits<uint64_t>::max(), buffer), 0u);
}

}  // namespace
}  // namespace mreg
