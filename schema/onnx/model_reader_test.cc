#include "schema/onnx/model_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/base/status.h"
#include "tests/models/memory_file.h"
#include "tests/models/transformer_model.h"
#include "tests/models/wire_builder.h"

namespace mreg::onnx {
namespace {

using test_models::GraphWith;
using test_models::MemoryFile;
using test_models::Message;
using test_models::ModelWith;
using test_models::RawTensor;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

absl::StatusOr<Model> Read(const Bytes& bytes) { return ReadModel(MemoryFile(bytes)); }

Model MustRead(const Message& message) {
  auto model = Read(message.bytes());
  EXPECT_TRUE(model.ok()) << MessageOf(model.status());
  return std::move(model).value_or(Model{});
}

Message WithNode(const Message& node) { return ModelWith(Message().Sub(1, node)); }

const Attribute& OnlyAttribute(const Model& model) {
  return model.graph.nodes.at(0).attributes.at(0);
}

TEST(ModelReader, ReadsAModelsHead) {
  const Model model = MustRead(Message()
                                   .Varint(1, 9)
                                   .Text(2, "maker")
                                   .Text(3, "1.2")
                                   .Text(4, "org.example")
                                   .Varint(5, 7)
                                   .Text(6, "what it is for")
                                   .Sub(7, Message().Text(2, "main"))
                                   .Sub(8, Message().Varint(2, 17))
                                   .Sub(14, Message().Text(1, "k").Text(2, "v")));
  EXPECT_EQ(model.ir_version, 9);
  EXPECT_EQ(model.producer_name, "maker");
  EXPECT_EQ(model.producer_version, "1.2");
  EXPECT_EQ(model.domain, "org.example");
  EXPECT_EQ(model.model_version, 7);
  EXPECT_EQ(model.doc, "what it is for");
  EXPECT_EQ(model.graph.name, "main");
  ASSERT_THAT(model.opsets, SizeIs(1));
  EXPECT_EQ(model.opsets[0].version, 17);
  EXPECT_THAT(model.metadata, ElementsAre(Property("k", "v")));
}

TEST(ModelReader, ReadsNodesAndAttributesOfAllKinds) {
  const Message node =
      Message()
          .Text(1, "x")
          .Text(1, "")
          .Text(2, "y")
          .Text(3, "node")
          .Text(4, "Op")
          .Text(7, "com.example")
          .Sub(5, Message().Text(1, "i").Varint(3, 5).Varint(20, 2))
          .Sub(5, Message().Text(1, "s").Text(4, "text").Varint(20, 3))
          .Sub(5, Message().Text(1, "ints").Varint(8, 1).Varint(8, 300))
          .Sub(5, Message().Text(1, "packed").Text(8, "\x01\xac\x02"))
          .Sub(5, Message().Text(1, "ref").Text(21, "alpha"))
          .Sub(5, Message().Text(1, "type").Sub(14, Message().Sub(1, Message().Varint(1, 1))));
  const Model model = MustRead(WithNode(node));
  ASSERT_THAT(model.graph.nodes, SizeIs(1));
  const Node& read = model.graph.nodes[0];
  EXPECT_THAT(read.inputs, ElementsAre("x", ""));
  EXPECT_THAT(read.outputs, ElementsAre("y"));
  EXPECT_EQ(read.op_type, "Op");
  EXPECT_EQ(read.domain, "com.example");
  ASSERT_THAT(read.attributes, SizeIs(6));
  EXPECT_EQ(std::get<int64_t>(read.attributes[0].value), 5);
  EXPECT_EQ(read.attributes[0].type, AttributeType::kInt);
  EXPECT_EQ(std::get<std::string>(read.attributes[1].value), "text");
  EXPECT_THAT(std::get<std::vector<int64_t>>(read.attributes[2].value), ElementsAre(1, 300));
  EXPECT_THAT(std::get<std::vector<int64_t>>(read.attributes[3].value), ElementsAre(1, 300));
  EXPECT_EQ(read.attributes[4].reference, "alpha");
  EXPECT_EQ(TypeName(std::get<std::vector<ValueType>>(read.attributes[5].value).at(0)),
            "tensor(float)");
}

TEST(ModelReader, ReadsTypesAndShapes) {
  const auto tensor = [](uint64_t type, const Message& shape) {
    return Message().Sub(1, Message().Varint(1, type).Sub(2, shape));
  };
  const Message shape =
      Message().Sub(1, Message().Text(2, "batch")).Sub(1, Message().Varint(1, 3)).Sub(1, Message());
  const Message sequence = Message().Sub(4, Message().Sub(1, tensor(7, Message())));
  const Message map = Message().Sub(5, Message().Varint(1, 8).Sub(2, tensor(1, Message())));
  const Message optional = Message().Sub(9, Message().Sub(1, sequence));
  const auto value = [](const char* name, const Message& type) {
    return Message().Text(1, name).Sub(2, type);
  };
  const Model model = MustRead(ModelWith(Message()
                                             .Sub(11, value("a", tensor(10, shape)))
                                             .Sub(11, value("b", sequence))
                                             .Sub(11, value("c", map))
                                             .Sub(11, value("d", optional))
                                             .Sub(11, Message().Text(1, "e"))
                                             .Sub(12, value("f", tensor(1, Message())))));
  ASSERT_THAT(model.graph.inputs, SizeIs(5));
  EXPECT_EQ(TypeName(model.graph.inputs[0].type), "tensor(float16)");
  EXPECT_EQ(ShapeText(model.graph.inputs[0].type), "batch x 3 x ?");
  EXPECT_EQ(TypeName(model.graph.inputs[1].type), "seq(tensor(int64))");
  EXPECT_EQ(TypeName(model.graph.inputs[2].type), "map(string,tensor(float))");
  EXPECT_EQ(TypeName(model.graph.inputs[3].type), "optional(seq(tensor(int64)))");
  EXPECT_EQ(TypeName(model.graph.inputs[4].type), "");
  EXPECT_EQ(ShapeText(model.graph.inputs[4].type), "");
  EXPECT_EQ(ShapeText(model.graph.outputs[0].type), "scalar");
}

TEST(ModelReader, ReadsGraphsWithinGraphsAndFunctions) {
  const Message inner = Message().Text(2, "inner").Sub(1, Message().Text(4, "Add"));
  const Message node = Message().Text(4, "If").Sub(5, Message().Text(1, "g").Sub(6, inner));
  const Message function = Message()
                               .Text(1, "F")
                               .Text(4, "in")
                               .Text(5, "out")
                               .Sub(7, Message().Text(4, "Mul"))
                               .Sub(9, Message().Varint(2, 18))
                               .Text(10, "local");
  const Model model = MustRead(WithNode(node).Sub(25, function));
  ASSERT_THAT(Subgraphs(OnlyAttribute(model)), SizeIs(1));
  EXPECT_EQ(Subgraphs(OnlyAttribute(model))[0].nodes.at(0).op_type, "Add");
  ASSERT_THAT(model.functions, SizeIs(1));
  EXPECT_EQ(model.functions[0].name, "F");
  EXPECT_EQ(model.functions[0].domain, "local");
  EXPECT_EQ(model.functions[0].opsets.at(0).version, 18);
  EXPECT_EQ(model.functions[0].nodes.at(0).op_type, "Mul");
}

TEST(ModelReader, NotesWhereTensorsLieWithoutReadingThem) {
  const Bytes bytes =
      test_models::MakeTransformerModel({.type = test_models::ParameterType::kFloat16});
  const MemoryFile file(bytes);
  const auto model = ReadModel(file);
  ASSERT_TRUE(model.ok()) << MessageOf(model.status());
  EXPECT_GT(model->graph.initializers.size(), 20u);
  EXPECT_LT(file.bytes_read(), bytes.size() * 3);
  const Message tensor = RawTensor("w", 1, 4, Bytes(16, 'a'));
  EXPECT_EQ(MustRead(ModelWith(GraphWith(tensor))).graph.initializers.at(0).payload.size(), 16u);
}

TEST(ModelReader, SaysWhatIsWrongAndWhere) {
  EXPECT_THAT(MessageOf(Read("").status()), HasSubstr("no graph"));
  const Bytes opset = Message().Sub(8, Message().Varint(2, 17)).bytes();
  const Bytes good = WithNode(Message().Text(4, "Relu")).bytes();
  ASSERT_TRUE(good.ends_with(opset));
  for (size_t length = 0; length < good.size(); ++length) {
    if (length == good.size() - opset.size()) continue;  // cut there it is still a model
    const auto read = Read(good.substr(0, length));
    EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument) << length;
  }
  const auto twice = Read(ModelWith(Message()).Sub(7, Message()).bytes());
  EXPECT_THAT(MessageOf(twice.status()), HasSubstr("graph is repeated"));
  const Message mixed = Message().Sub(5, Message().Varint(3, 1).Text(4, "x"));
  EXPECT_THAT(MessageOf(Read(WithNode(mixed).bytes()).status()), HasSubstr("two kinds"));
}

TEST(ModelReader, RefusesMoreOpsetsThanAnyModelHas) {
  Message model = ModelWith(Message());
  for (size_t i = 1; i < kMaxOpsetImports; ++i) model.Sub(8, Message().Varint(2, 1));
  EXPECT_EQ(MustRead(model).opsets.size(), kMaxOpsetImports);
  model.Sub(8, Message().Varint(2, 1));
  EXPECT_THAT(MessageOf(Read(model.bytes()).status()), HasSubstr("more than 256 opsets"));
}

TEST(ModelReader, RefusesWhatIsNestedWithoutEnd) {
  Message type = Message().Sub(1, Message().Varint(1, 1));
  for (int i = 0; i < 10'000; ++i) type = Message().Sub(4, Message().Sub(1, type));
  const Message value = Message().Text(1, "deep").Sub(2, type);
  EXPECT_THAT(MessageOf(Read(ModelWith(Message().Sub(11, value)).bytes()).status()),
              HasSubstr("nested too deeply"));
  Message graph;
  for (int i = 0; i < 2'000; ++i) {
    graph = Message().Sub(1, Message().Sub(5, Message().Sub(6, graph)));
  }
  EXPECT_THAT(MessageOf(Read(ModelWith(graph).bytes()).status()), HasSubstr("nested too deeply"));
}

}  // namespace
}  // namespace mreg::onnx
