#include "cli/model_change.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <string_view>
#include <vector>

#include "cli/display.h"
#include "cli/fact_lines.h"
#include "cli/terminal/units.h"
#include "schema/onnx/data_type.h"
#include "schema/onnx/model_facts.h"

namespace mreg::cli {
namespace {

using onnx::ChangeStatistics;
using onnx::NodeChange;
using onnx::TensorChange;
using onnx::TensorPair;
using onnx::TensorRecord;
using onnx::TextChange;
using terminal::Json;

constexpr size_t kShownChanges = 30;  // of a list

std::string DimsText(const std::vector<int64_t>& dims) {
  std::vector<int64_t> shown(dims.begin(), dims.begin() + std::min<ptrdiff_t>(std::ssize(dims), 8));
  if (shown.empty()) return "scalar";
  return fmt::format("{}{}", fmt::join(shown, " x "), shown.size() < dims.size() ? " x ..." : "");
}

std::string ShapeOf(const TensorRecord& tensor) {
  return fmt::format("{} {}", onnx::SchemaTypeName(tensor.type), DimsText(tensor.dims));
}

// "a -> b", "+ b" or "- a".
std::string ValuesText(const TextChange& change) {
  if (!change.before) return "+ " + Shortened(*change.after);
  if (!change.after) return "- " + Shortened(*change.before);
  return fmt::format("{} -> {}", Shortened(*change.before), Shortened(*change.after));
}

std::string TextChangeText(const TextChange& change) {
  const std::string name = Shortened(change.name);
  if (!change.before) return fmt::format("+ {}  {}", name, Shortened(*change.after));
  if (!change.after) return fmt::format("- {}  {}", name, Shortened(*change.before));
  return fmt::format("~ {}  {}", name, ValuesText(change));
}

std::string PlacedName(const std::string& graph, const std::string& name) {
  return graph.empty() ? Shortened(name)
                       : fmt::format("{} (in {})", Shortened(name), Shortened(graph));
}

std::string NodeText(const NodeChange& node) {
  const std::string name =
      fmt::format("{}  {}", Shortened(node.op), PlacedName(node.graph, node.name));
  if (node.kind == NodeChange::Kind::kAdded) return "+ " + name;
  if (node.kind == NodeChange::Kind::kRemoved) return "- " + name;
  std::vector<std::string> parts;
  if (!node.op_before.empty()) parts.push_back("was " + Shortened(node.op_before));
  for (const TextChange& attribute : node.attributes) {
    parts.push_back(fmt::format("{} {}", Shortened(attribute.name), ValuesText(attribute)));
  }
  for (const TextChange& input : node.inputs) {
    parts.push_back(fmt::format("input {} {}", input.name, ValuesText(input)));
  }
  const size_t shown = std::min<size_t>(parts.size(), 8);
  return fmt::format("~ {}: {}{}", name, fmt::join(parts.begin(), parts.begin() + shown, "; "),
                     shown < parts.size() ? "; ..." : "");
}

std::string Percent(uint64_t part, uint64_t whole) {
  return fmt::format("{:.3g} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string StatisticsText(const ChangeStatistics& statistics) {
  if (statistics.elements == 0) return "";
  if (statistics.changed == 0) return "values equal";
  std::string text = fmt::format("{} changed, max {:.3g}, mean {:.3g}, relative {:.3g}",
                                 Percent(statistics.changed, statistics.elements), statistics.max,
                                 statistics.mean, statistics.relative);
  if (statistics.not_finite > 0) text += fmt::format(", {} not finite", statistics.not_finite);
  return text;
}

std::string TensorText(const TensorChange& change) {
  const TensorPair& pair = change.pair;
  const std::string name = PlacedName(pair.graph, pair.name);
  if (change.kind == TensorChange::Kind::kAdded) {
    return fmt::format("+ {}  {}", name, ShapeOf(*pair.after));
  }
  if (change.kind == TensorChange::Kind::kRemoved) {
    return fmt::format("- {}  {}", name, ShapeOf(*pair.before));
  }
  std::string text = fmt::format("~ {}", name);
  if (pair.name != pair.name_before) text += fmt::format(" (was {})", Shortened(pair.name_before));
  const std::string before = ShapeOf(*pair.before), after = ShapeOf(*pair.after);
  text += "  " + (before == after ? after : fmt::format("{} -> {}", before, after));
  if (change.kind == TensorChange::Kind::kUnknown) return text + ": its bytes are not here";
  if (change.kind == TensorChange::Kind::kRenamed) return text + ": equal";
  if (!change.statistics) return text;
  const std::string statistics = StatisticsText(*change.statistics);
  return statistics.empty() ? text : fmt::format("{}: {}", text, statistics);
}

uint64_t ElementsOf(const TensorPair& pair) {
  return std::max(pair.before == nullptr ? 0 : onnx::ElementCount(pair.before->dims),
                  pair.after == nullptr ? 0 : onnx::ElementCount(pair.after->dims));
}

// "2 added, 1 removed" of kinds counted in the order of their names.
std::string CountsText(const std::vector<std::pair<uint64_t, std::string_view>>& counts) {
  std::vector<std::string> parts;
  for (const auto& [count, name] : counts) {
    if (count > 0) parts.push_back(fmt::format("{} {}", count, name));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

template <typename Changes, typename Kind>
uint64_t CountOf(const Changes& changes, Kind kind) {
  return static_cast<uint64_t>(
      std::ranges::count_if(changes, [&](const auto& change) { return change.kind == kind; }));
}

class ChangeLines {
 public:
  explicit ChangeLines(ChangeDetail detail) : detail_(detail) {}

  template <typename Changes, typename ToText>
  void AddList(std::string_view name, const Changes& changes, const ToText& to_text) {
    if (detail_ == ChangeDetail::kSummary) return;
    const size_t shown = std::min(changes.size(), kShownChanges);
    for (size_t i = 0; i < shown; ++i) lines_.Add(name, to_text(changes[i]));
    if (shown < changes.size()) {
      lines_.Add(name, fmt::format("... and {} more", changes.size() - shown));
    }
  }

  // Of many the largest ones, in the order that they have.
  void AddTensors(const std::vector<TensorChange>& changes) {
    if (detail_ == ChangeDetail::kSummary) return;
    std::vector<size_t> shown(changes.size());
    std::iota(shown.begin(), shown.end(), size_t{0});
    if (shown.size() > kShownChanges) {
      std::ranges::stable_sort(shown, std::greater<>(),
                               [&](size_t i) { return ElementsOf(changes[i].pair); });
      shown.resize(kShownChanges);
      std::ranges::sort(shown);
    }
    for (const size_t i : shown) lines_.Add("tensors", TensorText(changes[i]));
    if (shown.size() < changes.size()) {
      lines_.Add("tensors", fmt::format("... and {} smaller ones", changes.size() - shown.size()));
    }
  }

  void AddTexts(std::string_view name, const std::vector<TextChange>& changes) {
    if (detail_ == ChangeDetail::kSummary && !changes.empty()) {
      lines_.Add(name, fmt::format("{} changed", changes.size()));
    }
    AddList(name, changes, TextChangeText);
  }

  void AddHead(std::string_view name, const std::string& text) { lines_.Add(name, text); }
  std::string ToText() const { return lines_.ToText(); }

 private:
  const ChangeDetail detail_;
  FactLines lines_;
};

std::string NodesText(const onnx::ModelDiff& diff) {
  using Kind = NodeChange::Kind;
  return CountsText({{CountOf(diff.nodes, Kind::kAdded), "added"},
                     {CountOf(diff.nodes, Kind::kRemoved), "removed"},
                     {CountOf(diff.nodes, Kind::kChanged), "changed"},
                     {diff.renamed_nodes, "renamed"}});
}

std::string TensorsText(const onnx::TensorDiff& diff) {
  using Kind = TensorChange::Kind;
  std::string text = CountsText({{CountOf(diff.changes, Kind::kAdded), "added"},
                                 {CountOf(diff.changes, Kind::kRemoved), "removed"},
                                 {CountOf(diff.changes, Kind::kChanged), "changed"},
                                 {CountOf(diff.changes, Kind::kRenamed), "renamed"},
                                 {CountOf(diff.changes, Kind::kUnknown), "not here"}});
  if (text.empty()) return "";
  text += fmt::format("; {} now", diff.tensors);
  if (diff.changed_elements == 0) return text;
  return fmt::format("{}; {} of {} weights changed", text,
                     Percent(diff.changed_elements, diff.elements), FormatThousands(diff.elements));
}

Json TextChangesJson(const std::vector<TextChange>& changes) {
  Json list = Json::Array();
  for (const TextChange& change : changes) {
    list.Append(
        Json::Object({{"name", change.name}, {"before", change.before}, {"after", change.after}}));
  }
  return list;
}

std::string_view KindName(NodeChange::Kind kind) {
  switch (kind) {
    case NodeChange::Kind::kAdded:
      return "added";
    case NodeChange::Kind::kRemoved:
      return "removed";
    case NodeChange::Kind::kChanged:
      return "changed";
  }
  return "";
}

std::string_view KindName(TensorChange::Kind kind) {
  switch (kind) {
    case TensorChange::Kind::kAdded:
      return "added";
    case TensorChange::Kind::kRemoved:
      return "removed";
    case TensorChange::Kind::kRenamed:
      return "renamed";
    case TensorChange::Kind::kChanged:
      return "changed";
    case TensorChange::Kind::kUnknown:
      return "unknown";
  }
  return "";
}

Json NodeJson(const NodeChange& node) {
  return Json::Object({{"change", KindName(node.kind)},
                       {"graph", node.graph},
                       {"name", node.name},
                       {"op", node.op},
                       {"op_before", node.op_before.empty() ? Json() : Json(node.op_before)},
                       {"attributes", TextChangesJson(node.attributes)},
                       {"inputs", TextChangesJson(node.inputs)}});
}

Json SideJson(const std::string& name, const TensorRecord* tensor,
              const std::optional<onnx::Quantisation>& quantisation) {
  if (tensor == nullptr) return Json();
  return Json::Object({{"name", name},
                       {"type", onnx::DataTypeName(tensor->type)},
                       {"shape", Json::ArrayOf(tensor->dims)},
                       {"scale", quantisation ? Json(quantisation->scale->name) : Json()}});
}

Json StatisticsJson(const std::optional<ChangeStatistics>& statistics) {
  if (!statistics) return Json();
  return Json::Object({{"elements", statistics->elements},
                       {"changed", statistics->changed},
                       {"not_finite", statistics->not_finite},
                       {"max", statistics->max},
                       {"mean", statistics->mean},
                       {"relative", statistics->relative}});
}

Json TensorJson(const TensorChange& change) {
  const TensorPair& pair = change.pair;
  return Json::Object({{"change", KindName(change.kind)},
                       {"graph", pair.graph},
                       {"before", SideJson(pair.name_before, pair.before, pair.quantised_before)},
                       {"after", SideJson(pair.name, pair.after, pair.quantised_after)},
                       {"statistics", StatisticsJson(change.statistics)}});
}

}  // namespace

std::string FormatModelChange(const ModelChange& change, ChangeDetail detail) {
  const onnx::ModelDiff& graph = change.graph;
  ChangeLines lines(detail);
  for (const TextChange& text : graph.opsets) lines.AddHead("opsets", TextChangeText(text));
  lines.AddTexts("head", graph.head);
  lines.AddTexts("metadata", graph.metadata);
  lines.AddTexts("inputs", graph.inputs);
  lines.AddTexts("outputs", graph.outputs);
  lines.AddTexts("functions", graph.functions);
  lines.AddHead("nodes", NodesText(graph));
  lines.AddList("nodes", graph.nodes, NodeText);
  lines.AddHead("tensors", TensorsText(change.tensors));
  lines.AddTensors(change.tensors.changes);
  return lines.ToText();
}

Json ModelChangeJson(const ModelChange& change) {
  Json nodes = Json::Array();
  for (const NodeChange& node : change.graph.nodes) nodes.Append(NodeJson(node));
  Json tensors = Json::Array();
  for (const TensorChange& tensor : change.tensors.changes) tensors.Append(TensorJson(tensor));
  return Json::Object({{"head", TextChangesJson(change.graph.head)},
                       {"opsets", TextChangesJson(change.graph.opsets)},
                       {"metadata", TextChangesJson(change.graph.metadata)},
                       {"inputs", TextChangesJson(change.graph.inputs)},
                       {"outputs", TextChangesJson(change.graph.outputs)},
                       {"functions", TextChangesJson(change.graph.functions)},
                       {"nodes", std::move(nodes)},
                       {"renamed_nodes", change.graph.renamed_nodes},
                       {"tensors", std::move(tensors)},
                       {"compared_elements", change.tensors.elements},
                       {"changed_elements", change.tensors.changed_elements}});
}

}  // namespace mreg::cli
