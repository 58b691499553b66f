#include "schema/onnx/skeleton.h"

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <filesystem>
#include <string>

#include "schema/base/status.h"
#include "schema/onnx/model_reader.h"
#include "tests/models/memory_file.h"
#include "tests/models/transformer_model.h"
#include "tests/models/wire_builder.h"

namespace mreg::onnx {
namespace {

using ::ONNX_NAMESPACE::ModelProto;
using ::ONNX_NAMESPACE::TensorProto;
using test_models::GraphWith;
using test_models::MemoryFile;
using test_models::Message;
using test_models::ModelWith;
using test_models::RawTensor;

using namespace std::string_literals;

constexpr uint64_t kLimit = 1 << 20;
constexpr char kTestData[] = "/usr/share/libonnx-testdata/data";

ModelProto Parse(const Bytes& bytes) {
  ModelProto model;
  EXPECT_TRUE(model.ParseFromString(bytes));
  return model;
}

ModelProto SkeletonOf(const Bytes& bytes) {
  const auto skeleton = MakeSkeleton(MemoryFile(bytes), kLimit);
  EXPECT_TRUE(skeleton.ok()) << MessageOf(skeleton.status());
  return Parse(skeleton.value_or(""));
}

TEST(SkeletonTest, OnlyLargeTensorsLoseTheirData) {
  const Bytes bytes = test_models::MakeTransformerModel(
      {.type = test_models::ParameterType::kFloat32, .vocabulary = 2'000});
  ModelProto whole = Parse(bytes);
  int cut = 0;
  for (TensorProto& tensor : *whole.mutable_graph()->mutable_initializer()) {
    if (tensor.raw_data().size() <= kMaxKeptTensorBytes - 8) continue;
    tensor.set_raw_data(Bytes(1, '\0'));
    ++cut;
  }
  ASSERT_GT(cut, 0);
  EXPECT_EQ(SkeletonOf(bytes).SerializeAsString(), whole.SerializeAsString());
}

TEST(SkeletonTest, PayloadsAreNotRead) {
  const Bytes head = ModelWith(GraphWith(RawTensor("w", 1, 4, Bytes(400'000, 'x')))).bytes();
  const MemoryFile file(head);
  ASSERT_TRUE(MakeSkeleton(file, kLimit).ok());
  EXPECT_LT(file.bytes_read(), 100'000u);
}

TEST(SkeletonTest, EveryFieldOfDataIsCutAndKeepsAnElement) {
  const Bytes large(200'000, '\0');
  for (const uint32_t field : {4, 5, 6, 7, 10, 11}) {
    const auto tensor = [&](const Message& data) {
      return ModelWith(Message().Sub(5, Message().Text(8, "w").Raw(data.bytes())));
    };
    const ModelProto model = SkeletonOf(tensor(Message().Text(field, large)).bytes());
    const TensorProto& cut = model.graph().initializer(0);
    EXPECT_EQ(cut.float_data_size() + cut.int32_data_size() + cut.string_data_size() +
                  cut.int64_data_size() + cut.double_data_size() + cut.uint64_data_size(),
              1)
        << field;
    EXPECT_EQ(cut.name(), "w");
  }
  Message unpacked;
  for (int i = 0; i < 100'000; ++i) unpacked.Fixed32(4, 0x3f800000);
  const auto model = SkeletonOf(ModelWith(Message().Sub(5, unpacked)).bytes());
  EXPECT_LE(model.graph().initializer(0).float_data_size(), 14'000);
  EXPECT_EQ(model.graph().initializer(0).float_data(0), 1.0f);
}

TEST(SkeletonTest, TensorsInAttributesOfNestedGraphsAreCutToo) {
  const Message tensor = RawTensor("deep", 1, 100'000, Bytes(400'000, 'x'));
  const Message constant =
      Message().Text(4, "Constant").Sub(5, Message().Text(1, "value").Sub(5, tensor));
  const Message body = Message().Sub(1, constant);
  const Message branch =
      Message().Text(4, "If").Sub(5, Message().Text(1, "then_branch").Sub(6, body));
  const ModelProto model = SkeletonOf(ModelWith(Message().Sub(1, branch)).bytes());
  const TensorProto& cut = model.graph().node(0).attribute(0).g().node(0).attribute(0).t();
  EXPECT_EQ(cut.name(), "deep");
  EXPECT_EQ(cut.raw_data(), Bytes(1, '\0'));
}

TEST(SkeletonTest, NoOtherFileIsNamed) {
  const Message entry = Message().Text(1, "location").Text(2, "/etc/passwd");
  const Message tensor =
      Message().Varint(1, 4).Varint(2, 1).Text(8, "w").Sub(13, entry).Varint(14, 1);
  const ModelProto model = SkeletonOf(ModelWith(GraphWith(tensor)).bytes());
  const TensorProto& cut = model.graph().initializer(0);
  EXPECT_EQ(cut.external_data_size(), 0);
  EXPECT_NE(cut.data_location(), TensorProto::EXTERNAL);
  EXPECT_EQ(cut.raw_data(), Bytes(1, '\0'));
  EXPECT_EQ(cut.dims(0), 4);
  for (const Message& dims :
       {Message().Varint(1, 2).Varint(1, 0), Message().Text(1, "\x02\x00"s)}) {
    const Message empty = Message().Raw(dims.bytes()).Sub(13, entry).Varint(14, 1);
    EXPECT_FALSE(
        SkeletonOf(ModelWith(GraphWith(empty)).bytes()).graph().initializer(0).has_raw_data());
  }
}

TEST(SkeletonTest, WhatIsNoModelIsRefused) {
  const Bytes model = ModelWith(GraphWith(RawTensor("w", 1, 4, "0123456789abcdef"))).bytes();
  const auto cut = MakeSkeleton(MemoryFile(model.substr(0, model.size() - 3)), kLimit);
  EXPECT_TRUE(absl::IsInvalidArgument(cut.status()));
  EXPECT_TRUE(absl::IsResourceExhausted(MakeSkeleton(MemoryFile(model), 20).status()));
  Message graph;
  for (int i = 0; i < kMaxDepth; ++i) {
    graph = Message().Sub(1, Message().Sub(5, Message().Sub(6, graph)));
  }
  EXPECT_TRUE(
      absl::IsInvalidArgument(MakeSkeleton(MemoryFile(ModelWith(graph).bytes()), kLimit).status()));
}

// libonnx-testdata has small models only: they stay what they are.
TEST(SkeletonTest, SmallModelsStayWhatTheyAre) {
  if (!std::filesystem::exists(kTestData)) GTEST_SKIP() << "libonnx-testdata is not installed";
  int models = 0, same = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kTestData)) {
    if (entry.path().extension() != ".onnx") continue;
    ++models;
    const auto file = PosixFileSystem().OpenRead(entry.path().string());
    const auto skeleton = MakeSkeleton(**file, kLimit);
    ASSERT_TRUE(skeleton.ok()) << entry.path() << MessageOf(skeleton.status());
    const auto bytes = ReadSmallFile(PosixFileSystem(), entry.path().string(), uint64_t{1} << 30);
    same += Parse(*skeleton).SerializeAsString() == Parse(*bytes).SerializeAsString() ? 1 : 0;
  }
  EXPECT_GT(models, 1'000);
  EXPECT_GE(same, models - 10);
}

}  // namespace
}  // namespace mreg::onnx
