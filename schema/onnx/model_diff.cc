#include "schema/onnx/model_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "schema/onnx/node_matching.h"

namespace mreg::onnx {
namespace {

// Of an attribute's value that is shown.
constexpr size_t kShownElements = 16;
constexpr size_t kShownText = 200;

using Texts = std::map<std::string, std::string>;

std::vector<TextChange> DiffTexts(const Texts& before, const Texts& after) {
  std::vector<TextChange> changes;
  for (const auto& [name, value] : before) {
    const auto found = after.find(name);
    if (found == after.end()) {
      changes.push_back({name, value, std::nullopt});
    } else if (found->second != value) {
      changes.push_back({name, value, found->second});
    }
  }
  for (const auto& [name, value] : after) {
    if (!before.contains(name)) changes.push_back({name, std::nullopt, value});
  }
  return changes;
}

std::string DimsText(const std::vector<int64_t>& dims) {
  std::string text;
  for (const int64_t dim : dims) text += (text.empty() ? "" : " x ") + std::to_string(dim);
  return text.empty() ? "scalar" : text;
}

std::string TypeText(const ValueType& type) {
  const std::string shape = ShapeText(type);
  return TypeName(type) + (shape.empty() ? "" : " " + shape);
}

struct ValueText {
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(float value) const { return fmt::format("{:g}", value); }
  std::string operator()(int64_t value) const { return std::to_string(value); }
  std::string operator()(const std::string& value) const {
    if (value.size() <= kShownText) return value;
    return fmt::format("{}... ({} bytes)", value.substr(0, kShownText), value.size());
  }
  std::string operator()(const TensorRecord& value) const {
    ValueType type;
    type.kind = ValueType::Kind::kTensor;
    type.element = value.type;
    return TypeName(type) + " " + DimsText(value.dims);
  }
  std::string operator()(const SparseTensor& value) const {
    return "sparse " + (*this)(value.values);
  }
  std::string operator()(const Graph& value) const {
    return fmt::format("graph of {} nodes", value.nodes.size());
  }
  std::string operator()(const ValueType& value) const { return TypeText(value); }
  template <typename Element>
  std::string operator()(const std::vector<Element>& values) const {
    std::string text;
    for (size_t i = 0; i < std::min(values.size(), kShownElements); ++i) {
      text += (i == 0 ? "" : ", ") + (*this)(values[i]);
    }
    if (values.size() > kShownElements) text += fmt::format(", ... ({})", values.size());
    return "[" + text + "]";
  }
};

std::string AttributeText(const Attribute& attribute) {
  if (!attribute.reference.empty()) return "the function's " + attribute.reference;
  const bool is_single =
      attribute.type == AttributeType::kTensor || attribute.type == AttributeType::kSparseTensor ||
      attribute.type == AttributeType::kGraph || attribute.type == AttributeType::kType;
  std::string text = std::visit(ValueText(), attribute.value);
  if (is_single && text.size() >= 2) text = text.substr(1, text.size() - 2);
  return text;
}

std::string OperatorText(const Node& node) {
  const std::string domain = DomainName(node.domain);
  return domain == "ai.onnx" ? node.op_type : domain + "." + node.op_type;
}

std::string NodeLabel(const Node& node) {
  return node.name.empty() && !node.outputs.empty() ? node.outputs.front() : node.name;
}

using AttributePair = std::pair<const Attribute*, const Attribute*>;

// By name; of several with the same name the first counts.
std::vector<AttributePair> PairAttributes(const Node& before, const Node& after) {
  std::map<std::string_view, AttributePair> pairs;
  for (const Attribute& attribute : before.attributes) {
    pairs.try_emplace(attribute.name, &attribute, nullptr);
  }
  for (const Attribute& attribute : after.attributes) {
    const Attribute*& place = pairs[attribute.name].second;
    if (place == nullptr) place = &attribute;
  }
  std::vector<AttributePair> list;
  for (const auto& [name, pair] : pairs) list.push_back(pair);
  return list;
}

// The tensors of an attribute, sparse ones' values among them.
std::vector<const TensorRecord*> TensorsOf(const Attribute& attribute) {
  std::vector<const TensorRecord*> list;
  if (const auto* tensors = std::get_if<std::vector<TensorRecord>>(&attribute.value)) {
    for (const TensorRecord& tensor : *tensors) list.push_back(&tensor);
  }
  if (const auto* tensors = std::get_if<std::vector<SparseTensor>>(&attribute.value)) {
    for (const SparseTensor& tensor : *tensors) list.push_back(&tensor.values);
  }
  return list;
}

// Names of graphs repeat in all that is told of them, so that long ones are cut at the front.
std::string Join(const std::string& graph, const std::string& name) {
  std::string joined = graph.empty() ? name : graph + "." + name;
  if (joined.size() <= kShownText) return joined;
  return "..." + joined.substr(joined.size() - kShownText);
}

enum class Side : uint8_t { kBefore, kAfter };

class Differ {
 public:
  Differ(const Model& before, const Model& after) : before_(before), after_(after) {}

  ModelDiff Diff();

 private:
  void DiffFunctions();
  void AddQuantisations();
  void DiffGraphs(const Graph& before, const Graph& after, const std::string& path,
                  const NodeMatching* outer);
  NodeMatching DiffNodes(const Scope& before, const Scope& after, const std::string& path,
                         const NodeMatching* outer);
  void DiffPair(const Node& before, const Node& after, const std::string& path,
                const NodeMatching& matching);
  void DiffAttributes(const Node& before, const Node& after, const std::string& path,
                      const NodeMatching& matching, NodeChange& change);
  void AddTensors(const Scope& before, const Scope& after, const std::string& path,
                  const NodeMatching& matching);
  void AddOneSided(NodeChange::Kind kind, const Node& node, const std::string& path);
  // The tensors, those of graphs within among them, of what is on one side only.
  void AddTensorsOf(Side side, const std::vector<Node>& nodes, const std::string& path);
  void AddTensorsOf(Side side, const Attribute& attribute, const std::string& label,
                    const std::string& path);
  void AddTensor(Side side, const TensorRecord& tensor, const std::string& name,
                 const std::string& path);

  const Model& before_;
  const Model& after_;
  AttributeHasher hasher_;
  ModelDiff diff_;
};

Texts HeadOf(const Model& model) {
  Texts head = {{"ir_version", std::to_string(model.ir_version)},
                {"producer", model.producer_name},
                {"producer_version", model.producer_version},
                {"domain", model.domain},
                {"model_version", std::to_string(model.model_version)},
                {"doc", model.doc},
                {"graph", model.graph.name}};
  std::erase_if(head, [](const auto& entry) { return entry.second.empty(); });
  return head;
}

Texts OpsetsOf(const std::vector<OpsetImport>& opsets) {
  Texts texts;
  for (const OpsetImport& opset : opsets) {
    texts[DomainName(opset.domain)] = std::to_string(opset.version);
  }
  return texts;
}

Texts ValuesOf(const std::vector<ValueInfo>& values, const std::vector<TensorRecord>& without) {
  Texts texts;
  for (const ValueInfo& value : values) texts[value.name] = TypeText(value.type);
  for (const TensorRecord& tensor : without) texts.erase(tensor.name);
  return texts;
}

std::string FunctionName(const Function& function) {
  const std::string name = DomainName(function.domain) + "." + function.name;
  return function.overload.empty() ? name : name + ":" + function.overload;
}

std::string FunctionText(const Function& function) {
  std::string text;
  for (const std::string& name : function.inputs) text += (text.empty() ? "" : ", ") + name;
  text = "(" + text + ") ->";
  for (const std::string& name : function.outputs) text += " " + name;
  for (const auto& [domain, version] : OpsetsOf(function.opsets)) {
    text += fmt::format("; {} {}", domain, version);
  }
  return text;
}

ModelDiff Differ::Diff() {
  diff_.head = DiffTexts(HeadOf(before_), HeadOf(after_));
  diff_.opsets = DiffTexts(OpsetsOf(before_.opsets), OpsetsOf(after_.opsets));
  diff_.metadata = DiffTexts(Texts(before_.metadata.begin(), before_.metadata.end()),
                             Texts(after_.metadata.begin(), after_.metadata.end()));
  diff_.inputs = DiffTexts(ValuesOf(before_.graph.inputs, before_.graph.initializers),
                           ValuesOf(after_.graph.inputs, after_.graph.initializers));
  diff_.outputs =
      DiffTexts(ValuesOf(before_.graph.outputs, {}), ValuesOf(after_.graph.outputs, {}));
  DiffGraphs(before_.graph, after_.graph, "", nullptr);
  DiffFunctions();
  static const auto* const kNone = new Graph();
  for (size_t i = 0; i < std::max(before_.training.size(), after_.training.size()); ++i) {
    DiffGraphs(i < before_.training.size() ? before_.training[i] : *kNone,
               i < after_.training.size() ? after_.training[i] : *kNone,
               fmt::format("training {}", i), nullptr);
  }
  AddQuantisations();
  return std::move(diff_);
}

void Differ::AddQuantisations() {
  const Quantisations before = FindQuantisations(before_), after = FindQuantisations(after_);
  const auto look_up = [](const Quantisations& known, const TensorRecord* tensor) {
    const auto found = known.find(tensor);
    return found == known.end() ? std::nullopt : std::optional(found->second);
  };
  for (TensorPair& pair : diff_.tensors) {
    pair.quantised_before = look_up(before, pair.before);
    pair.quantised_after = look_up(after, pair.after);
  }
}

void Differ::DiffFunctions() {
  using ByName = std::map<std::string, const Function*>;
  ByName before, after;
  Texts texts_before, texts_after;
  for (const Function& function : before_.functions) {
    before[FunctionName(function)] = &function;
    texts_before[FunctionName(function)] = FunctionText(function);
  }
  for (const Function& function : after_.functions) {
    after[FunctionName(function)] = &function;
    texts_after[FunctionName(function)] = FunctionText(function);
  }
  diff_.functions = DiffTexts(texts_before, texts_after);
  for (const auto& [name, function] : before) {
    const auto found = after.find(name);
    if (found == after.end()) {
      AddTensorsOf(Side::kBefore, function->nodes, name);
    } else {
      DiffNodes(Scope(*function), Scope(*found->second), name, nullptr);
    }
  }
  for (const auto& [name, function] : after) {
    if (!before.contains(name)) AddTensorsOf(Side::kAfter, function->nodes, name);
  }
}

void Differ::DiffGraphs(const Graph& before, const Graph& after, const std::string& path,
                        const NodeMatching* outer) {
  const Scope scope_before(before), scope_after(after);
  const NodeMatching matching = DiffNodes(scope_before, scope_after, path, outer);
  AddTensors(scope_before, scope_after, path, matching);
}

NodeMatching Differ::DiffNodes(const Scope& before, const Scope& after, const std::string& path,
                               const NodeMatching* outer) {
  NodeMatching matching(before, after, outer, hasher_);
  for (size_t i = 0; i < before.nodes().size(); ++i) {
    const size_t match = matching.nodes()[i];
    if (match == kNoMatch) {
      AddOneSided(NodeChange::Kind::kRemoved, before.nodes()[i], path);
    } else {
      DiffPair(before.nodes()[i], after.nodes()[match], path, matching);
    }
  }
  for (size_t i = 0; i < after.nodes().size(); ++i) {
    if (matching.nodes_back()[i] != kNoMatch) continue;
    AddOneSided(NodeChange::Kind::kAdded, after.nodes()[i], path);
  }
  return matching;
}

void Differ::AddOneSided(NodeChange::Kind kind, const Node& node, const std::string& path) {
  NodeChange change;
  change.kind = kind;
  change.graph = path;
  change.name = NodeLabel(node);
  change.op = OperatorText(node);
  diff_.nodes.push_back(std::move(change));
  const Side side = kind == NodeChange::Kind::kRemoved ? Side::kBefore : Side::kAfter;
  for (const Attribute& attribute : node.attributes) {
    AddTensorsOf(side, attribute, NodeLabel(node), path);
  }
}

void Differ::AddTensorsOf(Side side, const std::vector<Node>& nodes, const std::string& path) {
  for (const Node& node : nodes) {
    for (const Attribute& attribute : node.attributes) {
      AddTensorsOf(side, attribute, NodeLabel(node), path);
    }
  }
}

void Differ::AddTensorsOf(Side side, const Attribute& attribute, const std::string& label,
                          const std::string& path) {
  const std::string name = Join(label, attribute.name);
  for (const TensorRecord* const tensor : TensorsOf(attribute)) {
    AddTensor(side, *tensor, name, path);
  }
  for (const Graph& graph : Subgraphs(attribute)) {
    const std::string inner = Join(path, name);
    const Scope scope(graph);
    for (const TensorRecord* const tensor : scope.initializers()) {
      AddTensor(side, *tensor, tensor->name, inner);
    }
    AddTensorsOf(side, graph.nodes, inner);
  }
}

void Differ::AddTensor(Side side, const TensorRecord& tensor, const std::string& name,
                       const std::string& path) {
  if (side == Side::kBefore) {
    diff_.tensors.push_back({path, name, name, &tensor, nullptr});
  } else {
    diff_.tensors.push_back({path, name, "", nullptr, &tensor});
  }
}

void Differ::DiffPair(const Node& before, const Node& after, const std::string& path,
                      const NodeMatching& matching) {
  NodeChange change;
  change.graph = path;
  change.name = NodeLabel(after);
  change.op = OperatorText(after);
  if (OperatorText(before) != change.op) change.op_before = OperatorText(before);
  DiffAttributes(before, after, path, matching, change);
  for (size_t i = 0; i < std::max(before.inputs.size(), after.inputs.size()); ++i) {
    const std::string from = i < before.inputs.size() ? before.inputs[i] : "";
    const std::string to = i < after.inputs.size() ? after.inputs[i] : "";
    if (matching.Corresponds(from, to)) continue;
    TextChange input{std::to_string(i), std::nullopt, std::nullopt};
    if (!from.empty()) input.before = from;
    if (!to.empty()) input.after = to;
    change.inputs.push_back(std::move(input));
  }
  if (!change.op_before.empty() || !change.attributes.empty() || !change.inputs.empty()) {
    diff_.nodes.push_back(std::move(change));
  } else if (before.name != after.name) {
    ++diff_.renamed_nodes;
  }
}

void Differ::DiffAttributes(const Node& before, const Node& after, const std::string& path,
                            const NodeMatching& matching, NodeChange& change) {
  for (const auto& [from, to] : PairAttributes(before, after)) {
    if (from == nullptr || to == nullptr) {
      TextChange text{(from != nullptr ? from : to)->name, std::nullopt, std::nullopt};
      if (from != nullptr) text.before = AttributeText(*from);
      if (to != nullptr) text.after = AttributeText(*to);
      change.attributes.push_back(std::move(text));
      if (from != nullptr) AddTensorsOf(Side::kBefore, *from, NodeLabel(before), path);
      if (to != nullptr) AddTensorsOf(Side::kAfter, *to, NodeLabel(after), path);
      continue;
    }
    const auto tensors_from = TensorsOf(*from), tensors_to = TensorsOf(*to);
    const auto& graphs_from = Subgraphs(*from);
    const auto& graphs_to = Subgraphs(*to);
    if (tensors_from.size() != tensors_to.size() || graphs_from.size() != graphs_to.size() ||
        (tensors_to.empty() && graphs_to.empty() && hasher_.Hash(*from) != hasher_.Hash(*to))) {
      change.attributes.push_back({to->name, AttributeText(*from), AttributeText(*to)});
      AddTensorsOf(Side::kBefore, *from, NodeLabel(before), path);
      AddTensorsOf(Side::kAfter, *to, NodeLabel(after), path);
      continue;
    }
    for (size_t i = 0; i < tensors_to.size(); ++i) {
      diff_.tensors.push_back({path, Join(NodeLabel(after), to->name),
                               Join(NodeLabel(before), from->name), tensors_from[i],
                               tensors_to[i]});
    }
    for (size_t i = 0; i < graphs_to.size(); ++i) {
      DiffGraphs(graphs_from[i], graphs_to[i], Join(path, Join(NodeLabel(after), to->name)),
                 &matching);
    }
  }
}

void Differ::AddTensors(const Scope& before, const Scope& after, const std::string& path,
                        const NodeMatching& matching) {
  for (size_t i = 0; i < before.initializers().size(); ++i) {
    const TensorRecord* const from = before.initializers()[i];
    const size_t match = matching.initializers()[i];
    if (match == kNoMatch) {
      AddTensor(Side::kBefore, *from, from->name, path);
    } else {
      const TensorRecord* const to = after.initializers()[match];
      diff_.tensors.push_back({path, to->name, from->name, from, to});
    }
  }
  for (size_t i = 0; i < after.initializers().size(); ++i) {
    if (matching.initializers_back()[i] != kNoMatch) continue;
    const TensorRecord* const to = after.initializers()[i];
    AddTensor(Side::kAfter, *to, to->name, path);
  }
}

}  // namespace

ModelDiff DiffModels(const Model& before, const Model& after) {
  return Differ(before, after).Diff();
}

}  // namespace mreg::onnx
