#include "cli/lineage_output.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "cli/display.h"

namespace mreg::cli {
namespace {

using registry::LineageEdge;
using registry::LineageKind;
using registry::LineageNode;

constexpr double kAll = 0.95;  // a share that counts as all

enum class Towards { kSources, kDerived };

bool HasNames(const LineageNode& node) {
  for (const LineageNode::Place& place : node.places) {
    if (!place.references.empty()) return true;
  }
  return false;
}

// "acme/base (main, v1), fork/base".
std::string PlacesOf(const LineageNode& node) {
  if (node.places.empty()) return fmt::format("{} (not here)", Shown(node.name));
  std::vector<std::string> texts;
  for (const LineageNode::Place& place : node.places) {
    std::string text = Shown(place.repository);
    std::vector<std::string> names;
    for (const std::string& reference : place.references) {
      names.push_back(Shown(ShortReference(reference)));
    }
    if (!names.empty()) text += fmt::format(" ({})", fmt::join(names, ", "));
    texts.push_back(std::move(text));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

int Percent(double share) { return static_cast<int>(share * 100 + 0.5); }

// "declared: quantize", "inferred, 97 %: fine-tune", "parent".
std::string KindText(const LineageEdge& edge) {
  const std::string_view kind = registry::NameOf(edge.kind);
  std::string text(kind);
  if (edge.kind == LineageKind::kInferred) {
    text += fmt::format(", {} %", Percent(edge.confidence));
  }
  if (!edge.how.empty()) text += ": " + Shown(edge.how);
  return text;
}

std::string EvidenceText(const LineageEdge& edge) {
  std::vector<std::string> parts;
  const catalog::Evidence& evidence = edge.evidence;
  const std::pair<double, const char*> weights[] = {{evidence.identical, "identical"},
                                                    {evidence.alike, "alike"}};
  for (const auto& [share, what] : weights) {
    if (Percent(share) > 0) {
      parts.push_back(fmt::format("{} % of the weights {}", Percent(share), what));
    }
  }
  if (evidence.named >= kAll) {
    parts.emplace_back("same names and shapes");
  } else if (evidence.shaped >= kAll) {
    parts.emplace_back("same shapes");
  }
  if (!edge.is_directed_by_content) parts.emplace_back("the older one taken for the source");
  return fmt::format("{}", fmt::join(parts, ", "));
}

class Tree {
 public:
  explicit Tree(const registry::Lineage& lineage) : lineage_(lineage) {
    for (const LineageNode& node : lineage.nodes) nodes_[node.commit] = &node;
    for (const LineageEdge& edge : lineage.edges) {
      sources_[edge.child].push_back(&edge);
      derived_[edge.source].push_back(&edge);
    }
  }

  std::string Root() const { return NodeText(lineage_.root) + "\n"; }

  void Append(Towards towards, std::string_view title, std::string& text) {
    text += title;
    const size_t before = text.size();
    shown_ = {lineage_.root};
    AppendEdges(towards, lineage_.root, 1, text);
    if (text.size() == before) text += "  nothing that is known\n";
  }

 private:
  using Edges = std::vector<const LineageEdge*>;

  const Edges& EdgesOf(Towards towards, const CommitId& commit) const {
    static const Edges kNone;
    const auto& edges = towards == Towards::kSources ? sources_ : derived_;
    const auto found = edges.find(commit);
    return found == edges.end() ? kNone : found->second;
  }

  static const CommitId& EndOf(Towards towards, const LineageEdge& edge) {
    return towards == Towards::kSources ? edge.source : edge.child;
  }

  std::string NodeText(const CommitId& commit) const {
    const auto node = nodes_.find(commit);
    if (node == nodes_.end()) return commit.ToShortHex();
    return fmt::format("{}  {}", commit.ToShortHex(), PlacesOf(*node->second));
  }

  bool IsPlain(const CommitId& commit) const {
    const auto node = nodes_.find(commit);
    return node != nodes_.end() && !HasNames(*node->second);
  }

  // A server's answer may nest as it likes.
  void AppendEdges(Towards towards, const CommitId& from, size_t depth, std::string& text) {
    if (depth > registry::kMostLineageSteps) return;
    for (const LineageEdge* edge : EdgesOf(towards, from)) {
      CommitId end = EndOf(towards, *edge);
      size_t between = 0;
      while (edge->kind == LineageKind::kParent && IsPlain(end)) {
        const Edges& next = EdgesOf(towards, end);
        if (next.size() != 1 || next.front()->kind != LineageKind::kParent) break;
        if (!shown_.insert(end).second) break;
        end = EndOf(towards, *next.front());
        ++between;
      }
      AppendLine(*edge, end, between, depth, text);
      if (!shown_.insert(end).second) continue;
      AppendEdges(towards, end, depth + 1, text);
    }
  }

  void AppendLine(const LineageEdge& edge, const CommitId& end, size_t between, size_t depth,
                  std::string& text) const {
    text += std::string(2 * depth, ' ') + NodeText(end) + "  [" + KindText(edge);
    if (between > 0) text += fmt::format(", {} between", between);
    text += "]";
    if (shown_.contains(end)) text += " (see above)";
    text += "\n";
    if (edge.kind != LineageKind::kInferred) return;
    text += std::string(2 * depth + 2, ' ') + EvidenceText(edge) + "\n";
  }

  const registry::Lineage& lineage_;
  absl::flat_hash_map<CommitId, const LineageNode*> nodes_;
  absl::flat_hash_map<CommitId, Edges> sources_, derived_;
  absl::flat_hash_set<CommitId> shown_;
};

// Within double quotes only these two mean something; Shown leaves no control characters.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : Shown(text)) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

const char* StyleOf(LineageKind kind) {
  switch (kind) {
    case LineageKind::kParent:
      return "color=gray";
    case LineageKind::kDeclared:
      return "style=bold";
    case LineageKind::kInferred:
      break;
  }
  return "style=dashed";
}

}  // namespace

std::string FormatLineage(const registry::Lineage& lineage,
                          const registry::LineageQuestion& question) {
  Tree tree(lineage);
  std::string text = tree.Root();
  if (question.has_sources) tree.Append(Towards::kSources, "made from\n", text);
  if (question.has_derived) tree.Append(Towards::kDerived, "made into\n", text);
  return text;
}

std::string LineageToDot(const registry::Lineage& lineage) {
  std::string text = "digraph lineage {\n  rankdir=LR;\n  node [shape=box];\n";
  for (const LineageNode& node : lineage.nodes) {
    text += fmt::format("  \"{}\" [label={}{}];\n", node.commit.ToHex(),
                        Quoted(PlacesOf(node) + " " + node.commit.ToShortHex()),
                        node.commit == lineage.root ? ", style=bold" : "");
  }
  for (const LineageEdge& edge : lineage.edges) {
    text += fmt::format("  \"{}\" -> \"{}\" [label={}, {}];\n", edge.source.ToHex(),
                        edge.child.ToHex(), Quoted(KindText(edge)), StyleOf(edge.kind));
  }
  return text + "}\n";
}

}  // namespace mreg::cli
