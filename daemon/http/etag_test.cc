#include "daemon/http/etag.h"

#include <gtest/gtest.h>

namespace mreg::http {
namespace {

TEST(Etag, IsQuoted) { EXPECT_EQ(StrongEtag("abc"), "\"abc\""); }

TEST(Etag, IfNoneMatchComparesWeakly) {
  const std::string etag = StrongEtag("abc");
  for (const char* header : {"\"abc\"", "W/\"abc\"", "*", " * ", "\"x\", \"abc\"",
                             "\"a,b\" , W/\"y\",\"abc\"", ",,\"abc\""}) {
    EXPECT_TRUE(IfNoneMatchNames(header, etag)) << header;
  }
  for (const char* header :
       {"", "abc", "\"ab\"", "\"abc", "w/\"abc\"", "x, \"abc\"", "\"a\\\"bc\""}) {
    EXPECT_FALSE(IfNoneMatchNames(header, etag)) << header;
  }
}

TEST(Etag, IfMatchComparesStrongly) {
  const std::string etag = StrongEtag("abc");
  EXPECT_TRUE(IfMatchNames("\"x\", \"abc\"", etag));
  EXPECT_TRUE(IfMatchNames("*", etag));
  EXPECT_FALSE(IfMatchNames("W/\"abc\"", etag));
}

TEST(Etag, IfRangeHoldsForTheSameStrongTagOnly) {
  const std::string etag = StrongEtag("abc");
  EXPECT_TRUE(IfRangeHolds("", etag));
  EXPECT_TRUE(IfRangeHolds("\"abc\"", etag));
  EXPECT_FALSE(IfRangeHolds("W/\"abc\"", etag));
  EXPECT_FALSE(IfRangeHolds("\"abd\"", etag));
  EXPECT_FALSE(IfRangeHolds("Wed, 21 Oct 2015 07:28:00 GMT", etag));
}

}  // namespace
}  // namespace mreg::http
