#include "schema/base/display.h"

#include <gtest/gtest.h>

namespace mreg {
namespace {

TEST(Display, WhatWouldGarbleATerminalIsEscaped) {
  EXPECT_EQ(EscapeForDisplay("a\tb\x1b[31m"), "a\\u{0009}b\\u{001b}[31m");
  EXPECT_EQ(EscapeForDisplay("x\u202ey"), "x\\u{202e}y");
  EXPECT_EQ(EscapeForDisplay("bad\xff"), "bad\\xff");
  EXPECT_EQ(EscapeForDisplay("naïve 模型"), "naïve 模型");
}

TEST(Display, JsonStaysTheSameDocument) {
  EXPECT_EQ(EscapeJsonForDisplay("{\n  \"a\": \"x\u202ey\x7f\"\n}"),
            "{\n  \"a\": \"x\\u202ey\\u007f\"\n}");
  EXPECT_EQ(EscapeJsonForDisplay("\"\U000e0041\""), "\"\\udb40\\udc41\"");
  EXPECT_EQ(EscapeJsonForDisplay("\"模型 \U0001f600\""), "\"模型 \U0001f600\"");
  EXPECT_EQ(EscapeJsonForDisplay("\"\xff\""), "\"\\ufffd\"");
}

}  // namespace
}  // namespace mreg
