#include "schema/onnx/wire_scanner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "schema/base/status.h"
#include "tests/models/memory_file.h"
#include "tests/models/model_edits.h"
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
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr uint64_t kFloat = 1, kFloat16 = 10, kDouble = 11;

absl::StatusOr<ModelScan> Scan(const Bytes& model) { return ScanModel(MemoryFile(model)); }
absl::StatusOr<ModelScan> Scan(const Message& model) { return Scan(model.bytes()); }

ModelScan ScanTensor(const Message& tensor) {
  const auto scan = Scan(ModelWith(GraphWith(tensor)));
  EXPECT_TRUE(scan.ok()) << MessageOf(scan.status());
  return scan.value_or(ModelScan{});
}

TEST(WireScanner, FindsAnInitializer) {
  const Bytes raw(5000, 'w');
  const Bytes model = ModelWith(GraphWith(RawTensor("weight", kFloat16, 2500, raw))).bytes();
  const auto scan = Scan(model);
  ASSERT_TRUE(scan.ok()) << MessageOf(scan.status());
  ASSERT_THAT(scan->tensors, SizeIs(1));
  const InlineTensor& tensor = scan->tensors[0];
  EXPECT_EQ(tensor.name, "weight");
  EXPECT_EQ(tensor.type, 10);
  EXPECT_THAT(tensor.dims, ElementsAre(2500));
  EXPECT_TRUE(tensor.is_plain);
  EXPECT_EQ(tensor.offset, model.find(raw));
  EXPECT_EQ(tensor.length, raw.size());
}

TEST(WireScanner, TellsTheModelsFacts) {
  const Message model = Message()
                            .Varint(1, 8)
                            .Text(2, "maker")
                            .Text(3, "1.2")
                            .Sub(7, Message().Sub(1, Message()).Sub(1, Message()))
                            .Sub(8, Message().Varint(2, 17))
                            .Sub(8, Message().Text(1, "com.microsoft").Varint(2, 1));
  const auto scan = Scan(model);
  ASSERT_TRUE(scan.ok()) << MessageOf(scan.status());
  EXPECT_EQ(scan->ir_version, 8);
  EXPECT_EQ(scan->producer_name, "maker");
  EXPECT_EQ(scan->producer_version, "1.2");
  EXPECT_EQ(scan->node_count, 2u);
  ASSERT_THAT(scan->opsets, SizeIs(2));
  EXPECT_EQ(scan->opsets[0].version, 17);
  EXPECT_EQ(scan->opsets[1].domain, "com.microsoft");
}

TEST(WireScanner, FindsTensorsWhereverTheyLive) {
  const auto tensor = [](ByteView name) { return RawTensor(name, kFloat, 1024, Bytes(4096, 'x')); };
  const auto constant = [&](ByteView name) {
    return Message().Sub(5, Message().Sub(5, tensor(name)));
  };
  const auto sparse = [&](ByteView values, ByteView indices) {
    return Message().Sub(1, tensor(values)).Sub(2, tensor(indices));
  };
  const Message inner = Message().Sub(1, constant("nested"));
  const Message conditional = Message()
                                  .Sub(5, Message().Sub(6, inner))
                                  .Sub(5, Message().Sub(11, inner).Sub(10, tensor("tensors")))
                                  .Sub(5, Message().Sub(22, sparse("v1", "i1")))
                                  .Sub(5, Message().Sub(23, sparse("v2", "i2")));
  const Message graph =
      Message().Sub(1, conditional).Sub(5, tensor("initializer")).Sub(15, sparse("v3", "i3"));
  const Message function =
      Message().Sub(7, constant("function")).Sub(11, Message().Sub(5, tensor("default")));
  const Message training = Message().Sub(1, GraphWith(tensor("start"))).Sub(2, inner);
  const auto scan = Scan(ModelWith(graph).Sub(20, training).Sub(25, function));
  ASSERT_TRUE(scan.ok()) << MessageOf(scan.status());
  std::vector<std::string> names;
  for (const InlineTensor& found : scan->tensors) names.push_back(found.name);
  EXPECT_THAT(
      names, ElementsAre("nested", "nested", "tensors", "v1", "i1", "v2", "i2", "initializer", "v3",
                         "i3", "start", "nested", "function", "default"));
  EXPECT_EQ(scan->tensor_count, 14u);
  EXPECT_EQ(scan->node_count, 5u);
}

TEST(WireScanner, TakesFieldsInAnyOrder) {
  const Message tensor =
      Message().Text(9, Bytes(4096, 'x')).Text(8, "late").Varint(2, kFloat).Varint(1, 1024);
  const auto scan = Scan(Message().Sub(7, GraphWith(tensor)).Varint(1, 3));
  ASSERT_TRUE(scan.ok()) << MessageOf(scan.status());
  EXPECT_EQ(scan->tensors[0].name, "late");
  EXPECT_THAT(scan->tensors[0].dims, ElementsAre(1024));
}

TEST(WireScanner, CountsButDoesNotListSmallTensors) {
  const ModelScan scan = ScanTensor(RawTensor("small", kFloat, 1, Bytes(kMinTensorBytes - 1, 'x')));
  EXPECT_THAT(scan.tensors, IsEmpty());
  EXPECT_EQ(scan.tensor_count, 1u);
}

TEST(WireScanner, KnowsWhichPackedElementsArePlain) {
  const auto is_plain = [](uint32_t field, uint64_t type) {
    const ModelScan scan = ScanTensor(Message().Varint(2, type).Text(field, Bytes(8000, '\1')));
    return scan.tensors.size() == 1 && scan.tensors[0].is_plain;
  };
  EXPECT_TRUE(is_plain(4, kFloat));
  EXPECT_TRUE(is_plain(10, kDouble));
  EXPECT_TRUE(is_plain(9, kFloat16));
  EXPECT_FALSE(is_plain(4, kDouble));   // floats where the type says doubles
  EXPECT_FALSE(is_plain(5, kFloat16));  // varints
  EXPECT_FALSE(is_plain(7, 7));
  EXPECT_FALSE(is_plain(11, 13));
}

TEST(WireScanner, ListsPackedVarintsAsOnePayload) {
  const ModelScan scan = ScanTensor(Message().Varint(2, 7).Text(7, Bytes(5000, '\1')));
  ASSERT_THAT(scan.tensors, SizeIs(1));
  EXPECT_EQ(scan.tensors[0].length, 5000u);
}

TEST(WireScanner, DoesNotListElementsInSeveralPlaces) {
  const Bytes raw(8000, '\1');
  EXPECT_THAT(ScanTensor(Message().Text(9, raw).Text(9, raw)).tensors, IsEmpty());
  EXPECT_THAT(ScanTensor(Message().Text(4, raw).Text(4, raw)).tensors, IsEmpty());
  EXPECT_THAT(ScanTensor(Message().Text(4, raw).Text(9, raw)).tensors, IsEmpty());
  EXPECT_THAT(ScanTensor(Message().Text(4, raw).Fixed32(4, 1)).tensors, IsEmpty());
  EXPECT_THAT(ScanTensor(Message().Fixed32(4, 1).Fixed64(10, 1).Varint(7, 1)).tensors, IsEmpty());
  EXPECT_THAT(ScanTensor(Message().Varint(2, 8).Text(6, raw)).tensors, IsEmpty());
}

TEST(WireScanner, ReadsPackedDims) {
  const ModelScan scan =
      ScanTensor(Message().Text(1, EncodeVarint(3) + EncodeVarint(1000)).Text(9, Bytes(6000, 'x')));
  EXPECT_THAT(scan.tensors.at(0).dims, ElementsAre(3, 1000));
}

Message Entry(ByteView key, ByteView value) { return Message().Text(1, key).Text(2, value); }

TEST(WireScanner, ListsExternalTensors) {
  const ModelScan scan = ScanTensor(Message()
                                        .Text(8, "outside")
                                        .Varint(2, kFloat)
                                        .Sub(13, Entry("location", "weights.bin"))
                                        .Sub(13, Entry("offset", "8192"))
                                        .Sub(13, Entry("length", "400"))
                                        .Sub(13, Entry("checksum", "abc"))
                                        .Varint(14, 1));
  ASSERT_THAT(scan.external, SizeIs(1));
  EXPECT_EQ(scan.external[0].name, "outside");
  EXPECT_EQ(scan.external[0].location, "weights.bin");
  EXPECT_EQ(scan.external[0].offset, 8192u);
  EXPECT_EQ(scan.external[0].length, 400u);
}

TEST(WireScanner, DataLocationDecidesBetweenInlineAndExternal) {
  const Message both =
      RawTensor("both", kFloat, 1024, Bytes(4096, 'x')).Sub(13, Entry("location", "weights.bin"));
  EXPECT_THAT(ScanTensor(both).tensors, SizeIs(1));
  EXPECT_THAT(ScanTensor(both).external, IsEmpty());
  const Message outside = Message(both).Varint(14, 1);
  EXPECT_THAT(ScanTensor(outside).tensors, IsEmpty());
  EXPECT_THAT(ScanTensor(outside).external, SizeIs(1));
}

TEST(WireScanner, AgreesWithTheModelsThatWereMovedToExternalFiles) {
  const Bytes model = test_models::MakeTransformerModel(test_models::kSmallModel);
  const auto split = test_models::MoveToExternalFile(model, "weights.bin", 4096);
  const auto inside = ScanModel(MemoryFile(model), 1024), outside = Scan(split.model);
  ASSERT_TRUE(inside.ok() && outside.ok());
  ASSERT_EQ(inside->tensors.size(), outside->external.size());
  for (size_t i = 0; i < inside->tensors.size(); ++i) {
    const InlineTensor& in = inside->tensors[i];
    const ExternalTensor& out = outside->external[i];
    EXPECT_EQ(in.name, out.name);
    EXPECT_EQ(model.substr(in.offset, in.length), split.data.substr(out.offset, out.length));
  }
}

TEST(WireScanner, UnknownFieldsAreNoError) {
  const Message model = ModelWith(Message().Text(2, "graph").Varint(1000, 1))
                            .Text(500, "future")
                            .Fixed32(501, 1)
                            .Fixed64(502, 1);
  EXPECT_TRUE(Scan(model).ok());
}

TEST(WireScanner, ReadsTheSkeletonAndNotTheWeights) {
  const MemoryFile file(test_models::MakeTransformerModel(test_models::kRealisticModel));
  const auto start = std::chrono::steady_clock::now();
  const auto scan = ScanModel(file);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  ASSERT_TRUE(scan.ok()) << MessageOf(scan.status());
  // In each layer six matrices with their biases and two norms; the two embeddings and a norm.
  EXPECT_EQ(scan->tensors.size(), 6u * 16 + 4);
  EXPECT_LT(file.bytes_read(), *file.Size() / 20);
  RecordProperty("file_bytes", std::to_string(*file.Size()));
  RecordProperty("read_bytes", std::to_string(file.bytes_read()));
  RecordProperty("scan_ms", std::to_string(took.count()));
}

}  // namespace
}  // namespace mreg::onnx
