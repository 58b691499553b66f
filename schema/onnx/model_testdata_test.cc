// The reader against protobuf's own parser, on the models of Debian's package libonnx-testdata.
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "schema/base/file_system.h"
#include "schema/base/status.h"
#include "schema/onnx/model_reader.h"
#include "tests/models/memory_file.h"

namespace mreg::onnx {
namespace {

namespace fs = std::filesystem;
using ::ONNX_NAMESPACE::AttributeProto;
using ::ONNX_NAMESPACE::GraphProto;
using ::ONNX_NAMESPACE::ModelProto;
using ::ONNX_NAMESPACE::NodeProto;

constexpr char kTestData[] = "/usr/share/libonnx-testdata/data";

void ExpectSame(const Graph& graph, const GraphProto& proto);

void ExpectSame(const Attribute& attribute, const AttributeProto& proto) {
  EXPECT_EQ(attribute.name, proto.name());
  EXPECT_EQ(static_cast<int>(attribute.type), static_cast<int>(proto.type()));
  if (const auto* const value = std::get_if<float>(&attribute.value)) {
    EXPECT_EQ(*value, proto.f());
  } else if (const auto* const number = std::get_if<int64_t>(&attribute.value)) {
    EXPECT_EQ(*number, proto.i());
  } else if (const auto* const text = std::get_if<std::string>(&attribute.value)) {
    EXPECT_EQ(*text, proto.s());
  } else if (const auto* const floats = std::get_if<std::vector<float>>(&attribute.value)) {
    EXPECT_TRUE(
        std::equal(floats->begin(), floats->end(), proto.floats().begin(), proto.floats().end()));
  } else if (const auto* const ints = std::get_if<std::vector<int64_t>>(&attribute.value)) {
    EXPECT_TRUE(std::equal(ints->begin(), ints->end(), proto.ints().begin(), proto.ints().end()));
  } else if (const auto* const texts = std::get_if<std::vector<std::string>>(&attribute.value)) {
    EXPECT_TRUE(
        std::equal(texts->begin(), texts->end(), proto.strings().begin(), proto.strings().end()));
  } else if (proto.has_g()) {
    ASSERT_EQ(Subgraphs(attribute).size(), 1u);
    ExpectSame(Subgraphs(attribute)[0], proto.g());
  }
}

void ExpectSame(const Node& node, const NodeProto& proto) {
  EXPECT_EQ(node.name, proto.name());
  EXPECT_EQ(node.op_type, proto.op_type());
  EXPECT_EQ(node.domain, proto.domain());
  EXPECT_TRUE(std::equal(node.inputs.begin(), node.inputs.end(), proto.input().begin(),
                         proto.input().end()));
  EXPECT_TRUE(std::equal(node.outputs.begin(), node.outputs.end(), proto.output().begin(),
                         proto.output().end()));
  ASSERT_EQ(node.attributes.size(), static_cast<size_t>(proto.attribute_size()));
  for (size_t i = 0; i < node.attributes.size(); ++i) {
    ExpectSame(node.attributes[i], proto.attribute(static_cast<int>(i)));
  }
}

void ExpectSame(const ValueInfo& value, const ::ONNX_NAMESPACE::ValueInfoProto& proto) {
  EXPECT_EQ(value.name, proto.name());
  EXPECT_EQ(value.type.kind == ValueType::Kind::kTensor, proto.type().has_tensor_type());
  if (!proto.type().has_tensor_type()) return;
  EXPECT_EQ(value.type.element, proto.type().tensor_type().elem_type());
  ASSERT_EQ(value.type.shape.size(),
            static_cast<size_t>(proto.type().tensor_type().shape().dim_size()));
  for (size_t i = 0; i < value.type.shape.size(); ++i) {
    const auto& dim = proto.type().tensor_type().shape().dim(static_cast<int>(i));
    EXPECT_EQ(value.type.shape[i].symbol, dim.dim_param());
    EXPECT_EQ(value.type.shape[i].value, dim.has_dim_value() ? dim.dim_value() : -1);
  }
}

void ExpectSame(const Graph& graph, const GraphProto& proto) {
  EXPECT_EQ(graph.name, proto.name());
  ASSERT_EQ(graph.nodes.size(), static_cast<size_t>(proto.node_size()));
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    ExpectSame(graph.nodes[i], proto.node(static_cast<int>(i)));
  }
  ASSERT_EQ(graph.inputs.size(), static_cast<size_t>(proto.input_size()));
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    ExpectSame(graph.inputs[i], proto.input(static_cast<int>(i)));
  }
  EXPECT_EQ(graph.outputs.size(), static_cast<size_t>(proto.output_size()));
  EXPECT_EQ(graph.values.size(), static_cast<size_t>(proto.value_info_size()));
  ASSERT_EQ(graph.initializers.size(), static_cast<size_t>(proto.initializer_size()));
  for (size_t i = 0; i < graph.initializers.size(); ++i) {
    EXPECT_EQ(graph.initializers[i].name, proto.initializer(static_cast<int>(i)).name());
  }
}

TEST(ModelTestData, IsReadAsTheParserReadsIt) {
  if (!fs::exists(kTestData)) GTEST_SKIP() << "libonnx-testdata is not installed";
  int models = 0;
  for (const auto& entry : fs::recursive_directory_iterator(kTestData)) {
    if (entry.path().extension() != ".onnx") continue;
    SCOPED_TRACE(entry.path().string());
    const auto bytes = ReadSmallFile(PosixFileSystem(), entry.path(), 1 << 30);
    ASSERT_TRUE(bytes.ok());
    ModelProto proto;
    ASSERT_TRUE(proto.ParseFromString(*bytes));
    const auto model = ReadModel(test_models::MemoryFile(*bytes));
    ASSERT_TRUE(model.ok()) << MessageOf(model.status());
    ExpectSame(model->graph, proto.graph());
    EXPECT_EQ(model->functions.size(), static_cast<size_t>(proto.functions_size()));
    EXPECT_EQ(model->training.size(), 2 * static_cast<size_t>(proto.training_info_size()));
    ++models;
  }
  EXPECT_GT(models, 1000);
}

}  // namespace
}  // namespace mreg::onnx
