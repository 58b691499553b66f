#include "schema/base/base64.h"

#include <gtest/gtest.h>

namespace mreg {
namespace {

// RFC 4648, section 10.
TEST(Base64, MatchesThePublishedVectors) {
  EXPECT_EQ(Base64Encode(""), "");
  EXPECT_EQ(Base64Encode("f"), "Zg==");
  EXPECT_EQ(Base64Encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(Base64Decode("Zm9vYg=="), "foob");
}

TEST(Base64, OtherTextIsRefused) {
  for (const char* text : {"Z", "Zg= =", "Zg==\n", "Zm9v-_", "====", "Zg==Zg=="}) {
    EXPECT_EQ(Base64Decode(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace mreg
