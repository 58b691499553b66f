#include "cli/lineage_output.h"

#include <gmock/gmock.h>

namespace mreg::cli {
namespace {

using registry::Lineage;
using registry::LineageEdge;
using registry::LineageKind;
using registry::LineageNode;
using testing::HasSubstr;
using testing::Not;

CommitId Commit(char number) { return *CommitId::FromBytes(Bytes(CommitId::kBytes, number)); }

LineageNode Node(char number, const std::string& repository, std::vector<std::string> names = {}) {
  LineageNode node;
  node.commit = Commit(number);
  node.places.push_back({repository, std::move(names)});
  return node;
}

LineageEdge Edge(char child, char source, LineageKind kind, std::string how = "") {
  LineageEdge edge;
  edge.child = Commit(child);
  edge.source = Commit(source);
  edge.kind = kind;
  edge.how = std::move(how);
  return edge;
}

registry::LineageQuestion Down() {
  registry::LineageQuestion question;
  question.has_sources = false;
  return question;
}

TEST(LineageOutputTest, DeclaredAndInferredEdgesAreToldApart) {
  Lineage lineage;
  lineage.root = Commit(1);
  lineage.nodes = {Node(1, "acme/base", {"refs/heads/main", "refs/tags/v1"}), Node(2, "acme/tuned"),
                   Node(3, "other/q8", {"refs/heads/prod"})};
  lineage.edges = {Edge(2, 1, LineageKind::kDeclared, "fine-tune"),
                   Edge(3, 1, LineageKind::kInferred, "quantize")};
  lineage.edges[1].confidence = 0.97;
  lineage.edges[1].is_directed_by_content = true;
  lineage.edges[1].evidence = {0.1, 0.9, 1, 1};
  EXPECT_EQ(
      FormatLineage(lineage, Down()),
      "010101010101  acme/base (main, v1)\n"
      "made into\n"
      "  020202020202  acme/tuned  [declared: fine-tune]\n"
      "  030303030303  other/q8 (prod)  [inferred, 97 %: quantize]\n"
      "    10 % of the weights identical, 90 % of the weights alike, same names and shapes\n");
  const std::string both = FormatLineage(lineage, {});
  EXPECT_THAT(both, HasSubstr("made from\n  nothing that is known\n"));
}

TEST(LineageOutputTest, PlainParentsAreToldInOneLine) {
  Lineage lineage;
  lineage.root = Commit(1);
  lineage.nodes = {Node(1, "a/a"), Node(2, "a/a"), Node(3, "a/a"), Node(4, "a/a"),
                   Node(5, "a/a", {"refs/heads/main"})};
  for (char i = 1; i < 5; ++i) {
    lineage.edges.push_back(Edge(static_cast<char>(i + 1), i, LineageKind::kParent));
  }
  EXPECT_EQ(FormatLineage(lineage, Down()),
            "010101010101  a/a\n"
            "made into\n"
            "  050505050505  a/a (main)  [parent, 3 between]\n");
}

TEST(LineageOutputTest, ACircleEnds) {
  Lineage lineage;
  lineage.root = Commit(1);
  lineage.nodes = {Node(1, "a/a"), Node(2, "b/b")};
  lineage.edges = {Edge(2, 1, LineageKind::kDeclared, "merge"),
                   Edge(1, 2, LineageKind::kDeclared, "merge")};
  EXPECT_EQ(FormatLineage(lineage, Down()),
            "010101010101  a/a\n"
            "made into\n"
            "  020202020202  b/b  [declared: merge]\n"
            "    010101010101  a/a  [declared: merge] (see above)\n");
  lineage.edges = {Edge(2, 1, LineageKind::kParent), Edge(1, 2, LineageKind::kParent)};
  EXPECT_THAT(FormatLineage(lineage, Down()), HasSubstr("(see above)"));
}

TEST(LineageOutputTest, HostileNamesStayNames) {
  Lineage lineage;
  lineage.root = Commit(1);
  lineage.nodes = {Node(1, "a/a", {"refs/heads/x\"];evil->y;\\"})};
  LineageNode absent;
  absent.commit = Commit(2);
  absent.name = "\x1b[31m\n\"];";
  lineage.nodes.push_back(absent);
  lineage.edges = {Edge(1, 2, LineageKind::kDeclared, "a\"b\nc")};
  const std::string dot = LineageToDot(lineage);
  EXPECT_THAT(dot, HasSubstr("a/a (x\\\"];evil->y;"));
  EXPECT_THAT(dot, Not(HasSubstr("\x1b")));
  EXPECT_THAT(dot, HasSubstr("[label=\"declared: a\\\"b"));
  const std::string text = FormatLineage(lineage, {});
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("(not here)"));
  // Outside of quotes nothing of the names is left.
  std::string bare;
  bool is_quoted = false;
  for (size_t i = 0; i < dot.size(); ++i) {
    if (is_quoted && dot[i] == '\\') {
      ++i;
    } else if (dot[i] == '"') {
      is_quoted = !is_quoted;
    } else if (!is_quoted) {
      bare += dot[i];
    }
  }
  EXPECT_FALSE(is_quoted);
  EXPECT_THAT(bare, Not(HasSubstr("evil")));
}

}  // namespace
}  // namespace mreg::cli
