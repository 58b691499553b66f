#include "schema/onnx/wire_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/base/status.h"
#include "tests/models/memory_file.h"
#include "tests/models/wire_builder.h"

namespace mreg::onnx {
namespace {

using test_models::MemoryFile;
using test_models::Message;

// The error that reading all fields of `bytes` ends in.
absl::Status ReadAll(const Bytes& bytes) {
  const MemoryFile file(bytes);
  WireReader reader(file, bytes.size());
  WireRange rest{0, bytes.size()};
  for (WireField field; reader.Next(rest, field);) {
  }
  return reader.status();
}

TEST(WireReader, GivesTheFieldsInOrder) {
  const Bytes bytes =
      Message().Varint(1, 300).Text(2, "abc").Fixed32(3, 1).Fixed64(536'870'911, 1).bytes();
  const MemoryFile file(bytes);
  WireReader reader(file, bytes.size());
  WireRange rest{0, bytes.size()};
  WireField field;
  ASSERT_TRUE(reader.Next(rest, field));
  EXPECT_EQ(field.varint, 300u);
  ASSERT_TRUE(reader.Next(rest, field));
  std::string text;
  ASSERT_TRUE(reader.Read(field.range, 3, text));
  EXPECT_EQ(text, "abc");
  ASSERT_TRUE(reader.Next(rest, field));
  EXPECT_EQ(field.range.size(), 4u);
  ASSERT_TRUE(reader.Next(rest, field));
  EXPECT_EQ(field.number, 536'870'911u);
  EXPECT_EQ(field.range.size(), 8u);
  EXPECT_FALSE(reader.Next(rest, field));
  EXPECT_TRUE(reader.status().ok());
}

TEST(WireReader, ReadsVarintsOfAllLengths) {
  for (int bits = 0; bits < 64; ++bits) {
    const uint64_t value = ~uint64_t{0} >> bits;
    const Bytes bytes = test_models::EncodeVarint(value);
    const MemoryFile file(bytes);
    WireReader reader(file, bytes.size());
    WireRange rest{0, bytes.size()};
    uint64_t read = 0;
    ASSERT_TRUE(reader.Varint(rest, read));
    EXPECT_EQ(read, value);
    EXPECT_EQ(rest.size(), 0u);
  }
}

TEST(WireReader, StepsOverPayloadsWithoutReadingThem) {
  const uint64_t length = uint64_t{1} << 40;
  Bytes head = Message().Tag(9, 2).Raw(test_models::EncodeVarint(length)).bytes();
  const uint64_t tail = head.size() + length;
  const MemoryFile file(tail + 2, {{0, head}, {tail, Message().Varint(1, 7).bytes()}});
  WireReader reader(file, tail + 2);
  WireRange rest{0, tail + 2};
  WireField field;
  ASSERT_TRUE(reader.Next(rest, field));
  EXPECT_EQ(field.range.size(), length);
  ASSERT_TRUE(reader.Next(rest, field));
  EXPECT_EQ(field.varint, 7u);
  EXPECT_LT(file.bytes_read(), 100'000u);
}

TEST(WireReader, ReadsTextLongerThanItsWindow) {
  const Bytes text(100'000, 'x');
  const Bytes bytes = Message().Text(1, text).bytes();
  const MemoryFile file(bytes);
  WireReader reader(file, bytes.size());
  WireRange rest{0, bytes.size()};
  WireField field;
  ASSERT_TRUE(reader.Next(rest, field));
  std::string read;
  ASSERT_TRUE(reader.Read(field.range, text.size(), read));
  EXPECT_EQ(read, text);
  EXPECT_FALSE(reader.Read(field.range, text.size() - 1, read));
}

TEST(WireReader, RefusesWhatIsNotWireFormat) {
  EXPECT_FALSE(ReadAll(Bytes("\0", 1)).ok());                              // field number 0
  EXPECT_FALSE(ReadAll(Message().Tag(1, 3).bytes()).ok());                 // a group
  EXPECT_FALSE(ReadAll(Message().Tag(1, 4).bytes()).ok());                 // the end of one
  EXPECT_FALSE(ReadAll(Message().Tag(1, 6).bytes()).ok());                 // unassigned
  EXPECT_FALSE(ReadAll(Message().Tag(1, 7).bytes()).ok());                 // unassigned
  EXPECT_FALSE(ReadAll(Bytes(11, '\xff')).ok());                           // an endless varint
  EXPECT_FALSE(ReadAll(Message().Tag(1, 5).Raw("abc").bytes()).ok());      // 3 bytes of 4
  EXPECT_FALSE(ReadAll(Message().Tag(1, 1).Raw("abcdefg").bytes()).ok());  // 7 bytes of 8
  EXPECT_FALSE(ReadAll(Message().Tag(1, 2).Raw("\x04zzz").bytes()).ok());  // 3 bytes of 4
  const Bytes wide_tag = test_models::EncodeVarint((uint64_t{1} << 35) | 8);
  EXPECT_FALSE(ReadAll(wide_tag + Bytes("\1")).ok());
  const Bytes wide = Bytes(9, '\xff') + Bytes("\x02");
  EXPECT_FALSE(ReadAll(Message().Tag(1, 0).Raw(wide).bytes()).ok());
}

TEST(WireReader, KeepsTheFirstErrorAndItsPlace) {
  const MemoryFile file(Bytes("abc"));
  WireReader reader(file, 3);
  EXPECT_FALSE(reader.Fail(2, "first"));
  EXPECT_FALSE(reader.Fail(3, "second"));
  EXPECT_EQ(MessageOf(reader.status()), "at byte 2: first");
}

TEST(WireReader, AFileThatShrinksIsNotTakenForABrokenOne) {
  const MemoryFile file(Bytes(10, '\x08'));
  WireReader reader(file, 20);
  WireRange rest{0, 20};
  for (WireField field; reader.Next(rest, field);) {
  }
  EXPECT_EQ(reader.status().code(), absl::StatusCode::kAborted);
}

}  // namespace
}  // namespace mreg::onnx
