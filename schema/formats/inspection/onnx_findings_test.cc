#include "schema/formats/inspection/onnx_findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/formats/inspection/inspect_content.h"
#include "tests/models/memory_file.h"
#include "tests/models/wire_builder.h"

namespace mreg::formats {
namespace {

using test_models::MemoryFile;
using test_models::Message;
using test_models::ModelWith;
using testing::ElementsAre;
using testing::IsEmpty;

Message Node(ByteView op_type, ByteView domain) {
  return Message().Text(4, op_type).Text(7, domain);
}

Message Attribute(ByteView name, uint64_t number) {
  return Message().Text(1, name).Varint(3, number);
}
Message Attribute(ByteView name, ByteView text) { return Message().Text(1, name).Text(4, text); }

OnnxFindings FindIn(const Message& model) {
  const auto verdict = InspectContent(MemoryFile(model.bytes()));
  EXPECT_TRUE(verdict.ok()) << verdict.status();
  EXPECT_EQ(verdict->kind, ContentKind::kOnnx) << verdict->description;
  return verdict->onnx;
}

TEST(OnnxFindings, StandardOperatorsAreNoFinding) {
  const Message graph = Message()
                            .Sub(1, Node("Relu", ""))
                            .Sub(1, Node("Scaler", "ai.onnx.ml"))
                            .Sub(1, Node("Gelu", "com.microsoft"));
  const OnnxFindings findings = FindIn(ModelWith(graph));
  EXPECT_THAT(findings.custom_domains, IsEmpty());
  EXPECT_THAT(findings.external, IsEmpty());
  EXPECT_EQ(findings.ep_context_nodes, 0u);
}

TEST(OnnxFindings, CustomDomainsAreFoundInNestedGraphsToo) {
  const Message inner = Message().Sub(1, Node("Own", "b.example"));
  const Message branch = Message().Text(1, "then_branch").Sub(6, inner);
  const Message outer = Message()
                            .Sub(1, Node("Other", "a.example"))
                            .Sub(1, Node("Twice", "a.example"))
                            .Sub(1, Node("If", "").Sub(5, branch));
  EXPECT_THAT(FindIn(ModelWith(outer)).custom_domains, ElementsAre("a.example", "b.example"));
}

TEST(OnnxFindings, AFunctionOfTheModelDefinesItsOperatorAndNoOther) {
  Message model =
      ModelWith(Message().Sub(1, Node("Mine", "local")).Sub(1, Node("Other", "local.other")));
  model.Sub(25, Message().Text(1, "Mine").Text(10, "local").Sub(7, Node("Hidden", "within")));
  EXPECT_THAT(FindIn(model).custom_domains, ElementsAre("local.other", "within"));
}

TEST(OnnxFindings, EpContextNamesItsFileUnlessItIsEmbedded) {
  const Message outside = Node("EPContext", "com.microsoft")
                              .Sub(5, Attribute("ep_cache_context", "../engine.bin"))
                              .Sub(5, Attribute("embed_mode", 0));
  const Message inside = Node("EPContext", "com.microsoft")
                             .Sub(5, Attribute("embed_mode", 1))
                             .Sub(5, Attribute("ep_cache_context", "compiled"));
  const OnnxFindings findings = FindIn(ModelWith(Message().Sub(1, outside).Sub(1, inside)));
  EXPECT_EQ(findings.ep_context_nodes, 2u);
  EXPECT_THAT(findings.ep_context_paths, ElementsAre("../engine.bin"));
}

TEST(OnnxFindings, ExternalFilesAreListedWithWhereTheirTensorsEnd) {
  const auto entry = [](ByteView key, ByteView value) {
    return Message().Text(1, key).Text(2, value);
  };
  const auto tensor = [&](ByteView offset) {
    return Message()
        .Varint(2, 1)
        .Text(8, "w")
        .Sub(13, entry("location", "data/w.bin"))
        .Sub(13, entry("offset", offset))
        .Sub(13, entry("length", "100"))
        .Varint(14, 1);
  };
  const OnnxFindings findings =
      FindIn(ModelWith(Message().Sub(5, tensor("4096")).Sub(5, tensor("0"))));
  ASSERT_EQ(findings.external.size(), 1u);
  EXPECT_EQ(findings.external[0].location, "data/w.bin");
  EXPECT_EQ(findings.external[0].end, 4196u);
}

TEST(OnnxFindings, LocationsHaveToStayBelowTheModel) {
  for (const char* good : {"w.bin", "data/w.bin", "./w.bin", "a..b", "..."}) {
    EXPECT_TRUE(StaysBelowModel(good)) << good;
  }
  for (const char* bad : {"", "..", ".", "../w", "a/../../w", "a/../w", "/etc/passwd", "a//b", "a/",
                          "C:\\w", "a\\..\\w", "file:w"}) {
    EXPECT_FALSE(StaysBelowModel(bad)) << bad;
  }
}

}  // namespace
}  // namespace mreg::formats
