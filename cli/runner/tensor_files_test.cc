#include "cli/runner/tensor_files.h"

#include <gtest/gtest.h>

#include "tests/models/memory_file.h"
#include "tests/models/wire_builder.h"

namespace mreg::runner {
namespace {

using test_models::MemoryFile;
using test_models::Message;

absl::StatusOr<Tensor> FromProto(const Message& message) {
  return ReadTensorProto(MemoryFile(message.bytes()));
}

std::string Npy(const std::string& header, const Bytes& data) {
  Bytes file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(header.size());
  file += '\0';
  return file + header + data;
}

absl::StatusOr<Tensor> FromNpy(const Bytes& file) { return ReadNpy(MemoryFile(file)); }

TEST(TensorFilesTest, ReadsEveryPlaceThatElementsLieIn) {
  auto tensor = FromProto(Message().Varint(1, 2).Varint(2, 1).Text(9, "12345678").Text(8, "x"));
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(tensor->type, "float");
  EXPECT_EQ(tensor->shape, (std::vector<int64_t>{2}));
  EXPECT_EQ(tensor->data, "12345678");
  // Small integers are varints of int32_data, packed or not.
  tensor =
      FromProto(Message().Varint(1, 3).Varint(2, 3).Text(5, "\x01\x02").Varint(5, ~uint64_t{0}));
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(tensor->data, "\x01\x02\xff");
  tensor = FromProto(Message().Varint(1, 1).Varint(2, 7).Varint(7, 258));
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(tensor->data, Bytes("\x02\x01\0\0\0\0\0\0", 8));
  tensor = FromProto(Message().Varint(1, 2).Varint(2, 8).Text(6, "a").Text(6, ""));
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(tensor->strings, (std::vector<std::string>{"a", ""}));
}

TEST(TensorFilesTest, RefusesTensorsThatAreNotWhole) {
  EXPECT_FALSE(FromProto(Message().Varint(1, 3).Varint(2, 1).Text(9, "12345678")).ok());
  EXPECT_FALSE(FromProto(Message().Varint(1, ~uint64_t{0}).Varint(2, 1)).ok());
  EXPECT_FALSE(FromProto(Message().Varint(1, 1).Varint(2, 1).Varint(14, 1)).ok());
  EXPECT_FALSE(FromProto(Message().Varint(1, 1).Varint(2, 99).Text(9, "1")).ok());
  EXPECT_FALSE(FromProto(Message().Varint(1, uint64_t{1} << 62).Varint(2, 1).Text(9, "1")).ok());
}

TEST(TensorFilesTest, ReadsNpy) {
  const auto tensor =
      FromNpy(Npy("{'descr': '<i2', 'fortran_order': False, 'shape': (2, 1), }\n", "1234"));
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(tensor->type, "int16");
  EXPECT_EQ(tensor->shape, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(tensor->data, "1234");
  EXPECT_TRUE(FromNpy(Npy("{'descr': '|b1', 'fortran_order': False, 'shape': (), }", "1")).ok());
  EXPECT_TRUE(
      FromNpy(Npy("{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }", "123")).ok());
}

TEST(TensorFilesTest, RefusesNpyThatIsNoPlainTensor) {
  EXPECT_FALSE(FromNpy("").ok());
  EXPECT_FALSE(FromNpy(Bytes("\x93NUMPY\x01\x00\xff\xff{", 11)).ok());
  for (const char* const header : {"", "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
                                   "{'descr': '<f4', 'fortran_order': True, 'shape': (1,)}",
                                   "{'descr': '<f4', 'fortran_order': False, 'shape': (9,)}",
                                   "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
                                   "{'descr': '<f4', 'fortran_order': False, 'shape': (1,"}) {
    EXPECT_FALSE(FromNpy(Npy(header, "1234")).ok()) << header;
  }
}

}  // namespace
}  // namespace mreg::runner
