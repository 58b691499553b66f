#include "schema/formats/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "schema/base/coding.h"
#include "schema/base/status.h"
#include "tests/models/memory_file.h"

namespace mreg::formats {
namespace {

using test_models::MemoryFile;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Bytes FileOf(const std::string& json, size_t data_bytes) {
  Bytes file;
  AppendU64Le(file, json.size());
  return file + json + Bytes(data_bytes, 'd');
}

absl::StatusOr<SafetensorsHeader> Read(const Bytes& file) {
  return ReadSafetensorsHeader(MemoryFile(file));
}

void ExpectRefused(const std::string& json, size_t data_bytes, const std::string& reason) {
  const absl::Status status = Read(FileOf(json, data_bytes)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << json;
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr(reason)) << json;
}

// One entry of a header.
std::string Tensor(const std::string& name, const std::string& dtype, const std::string& shape,
                   const std::string& offsets) {
  return '"' + name + R"(":{"dtype":")" + dtype + R"(","shape":[)" + shape +
         R"(],"data_offsets":[)" + offsets + "]}";
}

TEST(Safetensors, ListsTheTensorsByOffset) {
  const std::string json = R"({"__metadata__":{"format":"pt"},)" +
                           Tensor("b", "BF16", "2,3", "16,28") + "," +
                           Tensor("a", "F32", "4", "0,16") + "}   ";
  const auto header = Read(FileOf(json, 28));
  ASSERT_TRUE(header.ok()) << MessageOf(header.status());
  EXPECT_EQ(header->data_offset, 8 + json.size());
  ASSERT_THAT(header->tensors, SizeIs(2));
  const SafetensorsTensor &a = header->tensors[0], &b = header->tensors[1];
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.type, 1);
  EXPECT_EQ(a.offset, header->data_offset);
  EXPECT_EQ(a.length, 16u);
  EXPECT_EQ(b.type, 16);
  EXPECT_THAT(b.shape, ElementsAre(2, 3));
  EXPECT_EQ(b.offset, header->data_offset + 16);
}

TEST(Safetensors, MembersComeInAnyOrder) {
  EXPECT_TRUE(Read(FileOf(R"({"a":{"data_offsets":[0,2],"shape":[2],"dtype":"U8"}})", 2)).ok());
}

TEST(Safetensors, AnEmptyHeaderIsValid) {
  const auto header = Read(FileOf("{}", 0));
  ASSERT_TRUE(header.ok());
  EXPECT_THAT(header->tensors, IsEmpty());
}

TEST(Safetensors, UnknownElementTypesAreKeptWithoutANumber) {
  const auto header = Read(FileOf("{" + Tensor("a", "F6_E2M3", "4", "0,3") + "}", 3));
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->tensors[0].type, 0);
}

TEST(Safetensors, ScalarsAndEmptyTensorsHaveTheirSizes) {
  EXPECT_TRUE(Read(FileOf("{" + Tensor("a", "F64", "", "0,8") + "}", 8)).ok());
  EXPECT_TRUE(Read(FileOf("{" + Tensor("a", "F64", "5,0", "8,8") + "}", 8)).ok());
  EXPECT_TRUE(Read(FileOf("{" + Tensor("a", "F4", "3,2", "0,3") + "}", 3)).ok());
  ExpectRefused("{" + Tensor("a", "F4", "3", "0,1") + "}", 1, "do not fit its shape");
}

TEST(Safetensors, OffsetsThatLeaveTheFileAreRefused) {
  ExpectRefused("{" + Tensor("a", "U8", "5", "0,5") + "}", 4, "leave the file");
  ExpectRefused("{" + Tensor("a", "U8", "5", "5,0") + "}", 9, "leave the file");
  ExpectRefused("{" + Tensor("a", "U8", "1", "18446744073709551615,0") + "}", 9, "leave the file");
}

TEST(Safetensors, OverlappingTensorsAreRefused) {
  ExpectRefused("{" + Tensor("a", "U8", "5", "0,5") + "," + Tensor("b", "U8", "5", "4,9") + "}", 9,
                "overlaps");
  ExpectRefused("{" + Tensor("a", "U8", "5", "0,5") + "," + Tensor("b", "U8", "5", "0,5") + "}", 9,
                "overlaps");
}

TEST(Safetensors, ShapesThatDoNotFitTheBytesAreRefused) {
  ExpectRefused("{" + Tensor("a", "F32", "2", "0,4") + "}", 4, "do not fit its shape");
  const std::string huge = "4294967296,4294967296,4294967296";
  ExpectRefused("{" + Tensor("a", "U8", huge, "0,4") + "}", 4, "do not fit its shape");
  ExpectRefused("{" + Tensor("a", "U8", huge + ",0", "0,4") + "}", 4, "do not fit its shape");
}

TEST(Safetensors, ANameUsedTwiceIsRefused) {
  ExpectRefused("{" + Tensor("a", "U8", "1", "0,1") + "," + Tensor("a", "U8", "1", "1,2") + "}", 2,
                "used twice");
}

TEST(Safetensors, JsonOfAnyOtherFormIsRefused) {
  for (const char* const json :
       {"",
        " {}",
        "[]",
        "{",
        "{}{}",
        "1",
        "{\"a\":1}",
        "{\"a\":null}",
        "{\"a\":[]}",
        "{\"a\":\"b\"}",
        "{\"a\":{}}",
        "{\"__metadata__\":{\"a\":1}}",
        "{\"__metadata__\":{\"a\":{}}}",
        "{\"__metadata__\":[]}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1,2]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,1]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[1.5],\"data_offsets\":[0,1]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[[1]],\"data_offsets\":[0,1]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":1,\"data_offsets\":[0,1]}}",
        "{\"a\":{\"dtype\":[],\"shape\":[1],\"data_offsets\":[0,1]}}",
        "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"more\":1}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[true],\"data_offsets\":[0,1]}}",
        "{\"a\xff\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[1e999],\"data_offsets\":[0,1]}}"}) {
    ExpectRefused(json, 8, "safetensors");
  }
}

TEST(Safetensors, DeepNestingIsRefused) {
  ExpectRefused("{\"a\":" + std::string(1'000'000, '['), 0, "unexpected an array");
  std::string objects;
  for (int i = 0; i < 10'000; ++i) objects += "{\"a\":";
  ExpectRefused(objects, 0, "unexpected");
}

TEST(Safetensors, AShapeWithoutEndIsRefused) {
  std::string shape = "1";
  for (int i = 0; i < 100'000; ++i) shape += ",1";
  ExpectRefused("{" + Tensor("a", "U8", shape, "0,1") + "}", 1, "unexpected a number");
}

TEST(Safetensors, HeaderLengthsAreCheckedBeforeTheyAreAllocated) {
  for (const uint64_t length : {uint64_t{3}, kMaxSafetensorsHeader + 1, ~uint64_t{0}}) {
    Bytes head;
    AppendU64Le(head, length);
    EXPECT_FALSE(Read(head + "{}").ok());
    EXPECT_FALSE(ReadSafetensorsHeader(MemoryFile(length, {{0, head + "{}"}})).ok());
  }
}

TEST(Safetensors, CutAtAnyByteIsRefused) {
  const Bytes file = FileOf("{" + Tensor("a", "U8", "5", "0,5") + "}", 5);
  for (size_t length = 0; length < file.size(); ++length) {
    EXPECT_FALSE(Read(file.substr(0, length)).ok()) << length;
  }
}

TEST(Safetensors, WithAnyByteChangedStaysWithinTheFile) {
  const Bytes file =
      FileOf("{" + Tensor("a", "U8", "5", "0,5") + "," + Tensor("b", "F32", "1", "5,9") + "}", 9);
  std::mt19937 random(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(testing::UnitTest::GetInstance()->random_seed());
  for (size_t at = 0; at < file.size() * 100; ++at) {
    Bytes changed = file;
    changed[at % file.size()] = static_cast<char>(random());
    const SafetensorsHeader header = Read(changed).value_or(SafetensorsHeader{});
    for (const SafetensorsTensor& tensor : header.tensors) {
      ASSERT_LE(tensor.offset + tensor.length, changed.size());
    }
  }
}

}  // namespace
}  // namespace mreg::formats
