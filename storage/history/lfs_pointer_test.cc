#include "storage/history/lfs_pointer.h"

#include <gtest/gtest.h>

#include <limits>

#include "schema/base/sha256.h"

namespace mreg::history {
namespace {

const std::string kText =
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n"
    "size 12345\n";

std::string Replaced(std::string_view from, std::string_view to) {
  std::string text = kText;
  return text.replace(text.find(from), from.size(), to);
}

TEST(LfsPointer, TheSpecificationsExampleIsParsedAndFormatted) {
  const auto pointer = ParseLfsPointer(kText);
  ASSERT_TRUE(pointer);
  EXPECT_EQ(pointer->artifact.ToHex(),
            "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393");
  EXPECT_EQ(pointer->size, 12345u);
  EXPECT_EQ(FormatLfsPointer(*pointer), kText);
}

TEST(LfsPointer, SizesRoundTripUpToTheLargest) {
  for (const uint64_t size : {uint64_t{0}, uint64_t{9}, uint64_t{1} << 40,
                              uint64_t{std::numeric_limits<int64_t>::max()}}) {
    const LfsPointer pointer = {IdOf<ArtifactId>("x"), size};
    EXPECT_EQ(ParseLfsPointer(FormatLfsPointer(pointer)), pointer);
  }
}

TEST(LfsPointer, AnythingElseIsOrdinaryText) {
  const std::string others[] = {
      "",
      "hello",
      kText + "\n",
      kText + "x",
      " " + kText,
      kText.substr(0, kText.size() - 1),
      Replaced("12345", "012345"),
      Replaced("12345", "+12345"),
      Replaced("12345", "-1"),
      Replaced("12345", ""),
      Replaced("12345", "12345 "),
      Replaced("12345", "9223372036854775808"),
      Replaced("12345", "99999999999999999999999"),
      Replaced("4d7a", "4D7A"),
      Replaced("4d7a", "4d7"),
      Replaced("4d7a", "4d7a0"),
      Replaced("4d7a", "zzzz"),
      Replaced("sha256", "sha512"),
      Replaced("spec/v1", "spec/v2"),
      Replaced("\noid", "\next-0-foo sha256:00\noid"),
      Replaced("\noid", "\r\noid"),
  };
  for (const std::string& text : others) EXPECT_FALSE(ParseLfsPointer(text)) << text;
}

TEST(LfsPointer, NoPrefixOfAPointerIsOne) {
  for (size_t length = 0; length < kText.size(); ++length) {
    EXPECT_FALSE(ParseLfsPointer(kText.substr(0, length))) << length;
  }
}

}  // namespace
}  // namespace mreg::history
