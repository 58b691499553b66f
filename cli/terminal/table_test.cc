#include "cli/terminal/table.h"

#include <gtest/gtest.h>

namespace mreg::terminal {
namespace {

TEST(TableTest, AlignsColumns) {
  Table table({Align::kRight, Align::kLeft});
  table.AddRow({"5 B", "README.md"});
  table.AddRow({"2.33 MB", "model.onnx"});
  EXPECT_EQ(table.ToText(2), "      5 B  README.md\n  2.33 MB  model.onnx\n");
}

TEST(TableTest, LeavesNoBlanksAtTheEnds) {
  Table table({Align::kLeft, Align::kLeft});
  table.AddRow({"long name", ""});
  table.AddRow({"x", "y"});
  EXPECT_EQ(table.ToText(), "long name\nx          y\n");
}

TEST(TableTest, OfNoRowsIsEmpty) { EXPECT_EQ(Table({Align::kLeft}).ToText(), ""); }

TEST(DisplayWidthTest, CountsCellsAndNotBytes) {
  EXPECT_EQ(DisplayWidth("abc"), 3u);
  EXPECT_EQ(DisplayWidth("\xc3\xa4"), 1u);           // a umlaut
  EXPECT_EQ(DisplayWidth("\xe6\xbc\xa2"), 2u);       // a CJK ideograph
  EXPECT_EQ(DisplayWidth("a\xcc\x88"), 1u);          // a and a combining diaeresis
  EXPECT_EQ(DisplayWidth("\x1b[32mok\x1b[0m"), 2u);  // colours take no room
}

}  // namespace
}  // namespace mreg::terminal
