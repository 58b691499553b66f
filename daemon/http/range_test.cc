#include "daemon/http/range.h"

#include <gtest/gtest.h>

namespace mreg::http {
namespace {

void ExpectPart(std::string_view header, uint64_t size, uint64_t first, uint64_t length) {
  const RangeAnswer answer = ParseRange(header, size);
  EXPECT_EQ(answer.kind, RangeKind::kPart) << header;
  EXPECT_EQ(answer.range.first, first) << header;
  EXPECT_EQ(answer.range.length, length) << header;
}

TEST(Range, TakesOneRange) {
  ExpectPart("bytes=0-0", 100, 0, 1);
  ExpectPart("bytes=0-99", 100, 0, 100);
  ExpectPart("bytes=10-", 100, 10, 90);
  ExpectPart("bytes=-10", 100, 90, 10);
  ExpectPart("Bytes= 5-6 ", 100, 5, 2);
}

TEST(Range, EndsAtTheEnd) {
  ExpectPart("bytes=90-1000", 100, 90, 10);
  ExpectPart("bytes=-1000", 100, 0, 100);
  ExpectPart("bytes=1-99999999999999999999999999", 100, 1, 99);
  ExpectPart("bytes=0-18446744073709551615", 100, 0, 100);
}

TEST(Range, PastTheEndIsUnsatisfiable) {
  for (const char* header : {"bytes=100-", "bytes=100-200", "bytes=-0",
                             "bytes=99999999999999999999999-", "bytes=18446744073709551615-"}) {
    EXPECT_EQ(ParseRange(header, 100).kind, RangeKind::kUnsatisfiable) << header;
  }
  EXPECT_EQ(ParseRange("bytes=0-0", 0).kind, RangeKind::kUnsatisfiable);
}

TEST(Range, WhatIsMalformedOrSeveralIsIgnored) {
  for (const char* header :
       {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=0-1,5-6", "lines=0-1",
        "bytes=--1", "bytes=1", "bytes=0x1-2", "bytes=1-2-3", "bytes=+1-2", "bytes 0-1"}) {
    const RangeAnswer answer = ParseRange(header, 100);
    EXPECT_EQ(answer.kind, RangeKind::kWhole) << header;
    EXPECT_EQ(answer.range.length, 100u) << header;
  }
}

TEST(Range, TheLastBytesOfNothingAreAllOfIt) {
  EXPECT_EQ(ParseRange("bytes=-5", 0).kind, RangeKind::kWhole);
}

TEST(Range, ContentRangeNamesFirstAndLastByte) {
  EXPECT_EQ(ContentRange({10, 5}, 100), "bytes 10-14/100");
  EXPECT_EQ(UnsatisfiedContentRange(100), "bytes */100");
}

}  // namespace
}  // namespace mreg::http
