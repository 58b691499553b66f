#include "schema/base/coding.h"

#include <gtest/gtest.h>

namespace mreg {
namespace {

TEST(Coding, LittleEndianPutsTheLowByteFirst) {
  Bytes out;
  AppendU16Le(out, 0x0102);
  AppendU32Le(out, 0x03040506);
  EXPECT_EQ(out, Bytes("\x02\x01\x06\x05\x04\x03"));
  EXPECT_EQ(ReadU16Le(out), 0x0102);
  EXPECT_EQ(ReadU32Le(ByteView(out).substr(2)), 0x03040506u);
}

TEST(Coding, BigEndianKeysSortAsNumbers) {
  Bytes small, large;
  AppendU64Be(small, 255);
  AppendU64Be(large, 256);
  EXPECT_LT(small, large);
  EXPECT_EQ(ReadU64Be(large), 256u);
}

TEST(Coding, SixtyFourBitsSurviveARoundTrip) {
  Bytes out;
  AppendU64Le(out, 0xfedcba9876543210);
  EXPECT_EQ(ReadU64Le(out), 0xfedcba9876543210);
}

}  // namespace
}  // namespace mreg
