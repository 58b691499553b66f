// What somebody who wants to harm the registry would push.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "schema/base/status.h"
#include "schema/onnx/wire_scanner.h"
#include "tests/models/memory_file.h"
#include "tests/models/transformer_model.h"
#include "tests/models/wire_builder.h"

namespace mreg::onnx {
namespace {

using test_models::EncodeVarint;
using test_models::GraphWith;
using test_models::MemoryFile;
using test_models::Message;
using test_models::ModelWith;
using test_models::RawTensor;
using testing::HasSubstr;

absl::Status ScanStatus(const Message& model) {
  return ScanModel(MemoryFile(model.bytes())).status();
}

void ExpectRefused(const absl::Status& status, const std::string& reason) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr(reason));
}

void ExpectRefused(const Message& model, const std::string& reason) {
  ExpectRefused(ScanStatus(model), reason);
}

test_models::ModelSpec TinySpec() {
  return {.layers = 1, .hidden = 8, .heads = 2, .vocabulary = 10, .positions = 4};
}

// Where a prefix happens to end between two of the model's fields, after the graph, it is a model.
TEST(HostileModel, CutAtAnyByteIsRefusedOrStillAModel) {
  const Bytes model = test_models::MakeTransformerModel(TinySpec());
  const auto whole = ScanModel(MemoryFile(model), 1);
  ASSERT_TRUE(whole.ok());
  int models = 0;
  for (size_t length = 0; length < model.size(); ++length) {
    const auto scan = ScanModel(MemoryFile(model.substr(0, length)), 1);
    if (scan.ok()) {
      EXPECT_EQ(scan->tensor_count, whole->tensor_count);
      ++models;
    } else {
      EXPECT_EQ(scan.status().code(), absl::StatusCode::kInvalidArgument);
    }
  }
  EXPECT_LE(models, 2);
}

TEST(HostileModel, WithAnyByteChangedStaysWithinTheFile) {
  const Bytes model = test_models::MakeTransformerModel(TinySpec());
  std::mt19937 random(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(testing::UnitTest::GetInstance()->random_seed());
  for (size_t at = 0; at < model.size(); ++at) {
    Bytes changed = model;
    changed[at] = static_cast<char>(random());
    const ModelScan scan = ScanModel(MemoryFile(changed), 1).value_or(ModelScan{});
    uint64_t end = 0;
    for (const InlineTensor& tensor : scan.tensors) {
      ASSERT_GE(tensor.offset, end);
      ASSERT_GE(tensor.length, 1u);
      end = tensor.offset + tensor.length;
      ASSERT_LE(end, changed.size());
    }
  }
}

TEST(HostileModel, WithoutGraphOrVersionIsNone) {
  ExpectRefused(Message(), "no graph");
  ExpectRefused(Message().Varint(1, 8), "no graph");
  ExpectRefused(Message().Sub(7, Message()), "no ir_version");
}

TEST(HostileModel, OrdinaryFilesAreNone) {
  for (const char* const text : {"hello, world\n", "{\"a\": 1}", "#!/bin/sh\n", "\x80\x02]q",
                                 "PK\x03\x04", "\x89HDF\r\n", "GGUF\3",
                                 "\x7f"
                                 "ELF\2\1",
                                 "\x93NUMPY\1"}) {
    ExpectRefused(Message().Raw(text), "at byte");
  }
  ExpectRefused(Message().Raw(Bytes(1 << 20, '\0')), "field number 0");
}

TEST(HostileModel, RepeatedSingularMessagesAreRefused) {
  const Message model = ModelWith(Message());
  ExpectRefused(Message(model).Sub(7, Message()), "ModelProto.graph is repeated");
  const auto with_attribute = [](const Message& attribute) {
    return ModelWith(Message().Sub(1, Message().Sub(5, attribute)));
  };
  ExpectRefused(with_attribute(Message().Sub(5, Message()).Sub(5, Message())), "AttributeProto.t");
  ExpectRefused(with_attribute(Message().Sub(6, Message()).Sub(6, Message())), "AttributeProto.g");
  EXPECT_TRUE(ScanStatus(with_attribute(Message().Sub(5, Message()).Sub(6, Message()))).ok());
}

TEST(HostileModel, LengthsBeyondTheParentAreRefused) {
  for (const uint64_t length : {uint64_t{1}, uint64_t{1} << 31, uint64_t{1} << 63, ~uint64_t{0}}) {
    const Message tensor = Message().Tag(9, 2).Raw(EncodeVarint(length));
    ExpectRefused(ModelWith(GraphWith(tensor)), "lies in a message with");
  }
}

TEST(HostileModel, WrongWireTypesAreRefused) {
  ExpectRefused(Message().Varint(1, 8).Varint(7, 1), "ModelProto.graph has wire type 0");
  ExpectRefused(Message().Text(1, "8").Sub(7, Message()), "ModelProto.ir_version has wire type 2");
  ExpectRefused(Message().Varint(1, 8).Fixed64(8, 1), "ModelProto.opset_import has wire type 1");
  ExpectRefused(ModelWith(Message().Varint(5, 1)), "GraphProto.initializer has wire type 0");
  ExpectRefused(ModelWith(GraphWith(Message().Varint(9, 1))), "payload has wire type 0");
  ExpectRefused(ModelWith(GraphWith(Message().Varint(8, 1))), "TensorProto.name has wire type 0");
  ExpectRefused(ModelWith(GraphWith(Message().Fixed32(1, 1))), "TensorProto.dims has wire type 5");
  ExpectRefused(ModelWith(GraphWith(Message().Text(2, "1"))), "TensorProto.data_type");
  ExpectRefused(ModelWith(GraphWith(Message().Varint(13, 1))), "TensorProto.external_data");
  ExpectRefused(ModelWith(Message()).Tag(99, 3), "wire type 3");
}

TEST(HostileModel, ElementsThatEndInTheMiddleAreRefused) {
  ExpectRefused(ModelWith(GraphWith(Message().Text(4, "abc"))), "in the middle");
  ExpectRefused(ModelWith(GraphWith(Message().Text(10, "abcd"))), "in the middle");
}

TEST(HostileModel, MalformedExternalNumbersAreRefused) {
  for (const char* const value : {"", "-1", "12x", " 1", "1e3", "18446744073709551616"}) {
    const Message entry = Message().Text(1, "offset").Text(2, value);
    ExpectRefused(ModelWith(GraphWith(Message().Sub(13, entry))), "not a number");
  }
}

// Each level is an attribute, in a node, in a graph.
Message NestedGraphs(int levels) {
  Message graph;
  for (int i = 0; i < levels; ++i) {
    graph = Message().Sub(1, Message().Sub(5, Message().Sub(6, graph)));
  }
  return ModelWith(graph);
}

TEST(HostileModel, DeepNestingIsRefused) {
  EXPECT_TRUE(ScanStatus(NestedGraphs(33)).ok());
  ExpectRefused(NestedGraphs(34), "too deeply");
  ExpectRefused(NestedGraphs(10'000), "too deeply");
}

TEST(HostileModel, PackedDimsBombsAreRefused) {
  ExpectRefused(ModelWith(GraphWith(Message().Text(1, Bytes(1 << 20, '\1')))), "dimensions");
  Message unpacked;
  for (int i = 0; i < 1000; ++i) unpacked.Varint(1, 1);
  ExpectRefused(ModelWith(GraphWith(unpacked)), "dimensions");
}

TEST(HostileModel, EndlessNamesAreRefused) {
  ExpectRefused(ModelWith(GraphWith(Message().Text(8, Bytes(kMaxTextBytes + 1, 'n')))),
                "at most 65536");
}

TEST(HostileModel, ListsThatDoNotFitIntoMemoryAreRefused) {
  // Every name is a run of zeros that the file does not hold in memory.
  const Bytes tensor = Message().Varint(14, 1).Tag(8, 2).Raw(EncodeVarint(kMaxTextBytes)).bytes();
  const uint64_t tensor_size = tensor.size() + kMaxTextBytes;
  const Bytes head = Message().Tag(5, 2).Raw(EncodeVarint(tensor_size)).bytes() + tensor;
  const uint64_t count = kMaxScanBytes / kMaxTextBytes + 1;
  const uint64_t graph_size = count * (head.size() + kMaxTextBytes);
  const Bytes model = Message().Varint(1, 8).Tag(7, 2).Raw(EncodeVarint(graph_size)).bytes();
  std::map<uint64_t, Bytes> pieces{{0, model}};
  for (uint64_t i = 0; i < count; ++i) {
    pieces[model.size() + i * (head.size() + kMaxTextBytes)] = head;
  }
  ExpectRefused(ScanModel(MemoryFile(model.size() + graph_size, pieces)).status(),
                "too much to hold");
}

TEST(HostileModel, MoreTensorsThanTheLimitAreRefused) {
  Bytes empty_tensors;
  for (uint64_t i = 0; i <= kMaxTensors; ++i) empty_tensors.append("\x2a\0", 2);
  ExpectRefused(ModelWith(Message().Raw(empty_tensors)), "more than 1000000 tensors");
}

// A model with one tensor whose raw_data claims `claimed` bytes, in a file that holds `actual`.
absl::StatusOr<ModelScan> ScanLargeTensor(uint64_t claimed, uint64_t actual) {
  const Bytes raw = Message().Tag(9, 2).Raw(EncodeVarint(claimed)).bytes();
  const Bytes tensor = Message().Tag(5, 2).Raw(EncodeVarint(raw.size() + claimed)).bytes();
  const uint64_t graph_size = tensor.size() + raw.size() + claimed;
  const Bytes graph = Message().Varint(1, 8).Tag(7, 2).Raw(EncodeVarint(graph_size)).bytes();
  const Bytes head = graph + tensor + raw;
  return ScanModel(MemoryFile(head.size() + actual, {{0, head}}));
}

TEST(HostileModel, PayloadsAroundTwoGibibytesAreMeasuredRight) {
  for (const uint64_t limit : {uint64_t{1} << 31, uint64_t{1} << 32}) {
    for (const uint64_t length : {limit - 1, limit, limit + 1}) {
      const auto scan = ScanLargeTensor(length, length);
      ASSERT_TRUE(scan.ok()) << MessageOf(scan.status());
      EXPECT_EQ(scan->tensors.at(0).length, length);
      EXPECT_FALSE(ScanLargeTensor(length, length - 1).ok());
    }
  }
}

class BrokenFile final : public ReadableFile {
 public:
  absl::StatusOr<size_t> ReadAt(uint64_t, std::span<char>) const override {
    return absl::DataLossError("bad sector");
  }
  absl::StatusOr<uint64_t> Size() const override { return 100; }
};

TEST(HostileModel, ADiskErrorIsPassedOnAsItIs) {
  EXPECT_EQ(ScanModel(BrokenFile()).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace mreg::onnx
