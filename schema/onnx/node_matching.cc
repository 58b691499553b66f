#include "schema/onnx/node_matching.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <utility>
#include <variant>

#include "absl/hash/hash.h"

namespace mreg::onnx {

struct AttributeValueHasher {
  AttributeHasher& hasher;

  size_t operator()(std::monostate) const { return 0; }
  size_t operator()(float value) const { return absl::HashOf(std::bit_cast<uint32_t>(value)); }
  size_t operator()(int64_t value) const { return absl::HashOf(value); }
  size_t operator()(const std::string& value) const { return absl::HashOf(value); }
  size_t operator()(const SparseTensor& value) const {
    return absl::HashOf((*this)(value.values), (*this)(value.indices), value.dims);
  }
  size_t operator()(const TensorRecord& value) const {
    return absl::HashOf(value.type, value.dims);
  }
  size_t operator()(const Graph& value) const { return hasher.HashGraph(value); }
  size_t operator()(const Dim& value) const { return absl::HashOf(value.value, value.symbol); }
  size_t operator()(const ValueType& value) const {
    return absl::HashOf(value.kind, value.element, value.has_shape, (*this)(value.shape),
                        (*this)(value.inner));
  }
  template <typename Element>
  size_t operator()(const std::vector<Element>& values) const {
    size_t hash = values.size();
    for (const Element& value : values) hash = absl::HashOf(hash, (*this)(value));
    return hash;
  }
};

namespace {

size_t OperatorKey(const Node& node) {
  const std::string_view domain = node.domain;
  return absl::HashOf(domain == "ai.onnx" ? "" : domain, node.op_type, node.overload);
}

std::string_view FirstOutput(const Node& node) {
  return node.outputs.empty() ? std::string_view() : std::string_view(node.outputs.front());
}

// 0 is no key.
size_t KeyWithName(size_t key, std::string_view name) {
  return name.empty() ? 0 : absl::HashOf(key, name);
}

struct Use {
  size_t node = 0;
  size_t input = 0;
};
using Uses = absl::flat_hash_map<std::string_view, std::vector<Use>>;

Uses UsesIn(const Scope& scope) {
  Uses uses;
  for (size_t i = 0; i < scope.nodes().size(); ++i) {
    const Node& node = scope.nodes()[i];
    for (size_t k = 0; k < node.inputs.size(); ++k) uses[node.inputs[k]].push_back({i, k});
  }
  return uses;
}

}  // namespace

size_t AttributeHasher::Hash(const Attribute& attribute) {
  const size_t value = std::visit(AttributeValueHasher{*this}, attribute.value);
  return absl::HashOf(attribute.name, attribute.reference, attribute.value.index(), value);
}

size_t AttributeHasher::Hash(const std::vector<Attribute>& attributes) {
  size_t sum = attributes.size();
  for (const Attribute& attribute : attributes) sum += Hash(attribute);
  return sum;
}

size_t AttributeHasher::HashGraph(const Graph& graph) {
  if (const auto known = graphs_.find(&graph); known != graphs_.end()) return known->second;
  size_t hash = absl::HashOf(graph.inputs.size(), graph.outputs.size());
  for (const Node& node : graph.nodes) {
    hash = absl::HashOf(hash, OperatorKey(node), Hash(node.attributes), node.inputs.size());
  }
  graphs_[&graph] = hash;
  return hash;
}

Scope::Scope(const Graph& graph) : nodes_(&graph.nodes) {
  for (const TensorRecord& tensor : graph.initializers) initializers_.push_back(&tensor);
  for (const SparseTensor& tensor : graph.sparse_initializers) {
    initializers_.push_back(&tensor.values);
  }
  for (const ValueInfo& value : graph.inputs) inputs_.push_back(value.name);
  for (const ValueInfo& value : graph.outputs) outputs_.push_back(value.name);
  Resolve();
}

Scope::Scope(const Function& function) : nodes_(&function.nodes) {
  inputs_.assign(function.inputs.begin(), function.inputs.end());
  outputs_.assign(function.outputs.begin(), function.outputs.end());
  Resolve();
}

void Scope::Resolve() {
  for (size_t i = 0; i < initializers_.size(); ++i) {
    origins_[initializers_[i]->name] = {Origin::Kind::kInitializer, i, 0};
  }
  std::erase_if(inputs_, [&](std::string_view name) { return origins_.contains(name); });
  for (size_t i = 0; i < inputs_.size(); ++i) origins_[inputs_[i]] = {Origin::Kind::kInput, i, 0};
  for (size_t i = 0; i < nodes_->size(); ++i) {
    const std::vector<std::string>& outputs = (*nodes_)[i].outputs;
    for (size_t k = 0; k < outputs.size(); ++k) origins_[outputs[k]] = {Origin::Kind::kNode, i, k};
  }
  origins_.erase("");
}

Origin Scope::Find(std::string_view value) const {
  const auto found = origins_.find(value);
  return found == origins_.end() ? Origin() : found->second;
}

bool NodeMatching::Pairs::Add(size_t before, size_t after) {
  if (forward[before] != kNoMatch || back[after] != kNoMatch) return false;
  forward[before] = after;
  back[after] = before;
  return true;
}

NodeMatching::NodeMatching(const Scope& before, const Scope& after, const NodeMatching* outer,
                           AttributeHasher& hasher)
    : before_(before), after_(after), outer_(outer) {
  nodes_ = {std::vector<size_t>(before.nodes().size(), kNoMatch),
            std::vector<size_t>(after.nodes().size(), kNoMatch)};
  initializers_ = {std::vector<size_t>(before.initializers().size(), kNoMatch),
                   std::vector<size_t>(after.initializers().size(), kNoMatch)};
  PairInitializersByName();
  const Keys keys[] = {DeepKeys(before, after, hasher), DeepKeys(after, before, hasher)};
  PairByKey(
      [&](int side, size_t i, const Node& node) { return KeyWithName(keys[side][i], node.name); });
  PairByKey([&](int side, size_t i, const Node& node) {
    return KeyWithName(keys[side][i], FirstOutput(node));
  });
  PairByKey([&](int side, size_t i, const Node&) { return keys[side][i]; });
  PairByKey(
      [](int, size_t, const Node& node) { return KeyWithName(OperatorKey(node), node.name); });
  PairByKey([](int, size_t, const Node& node) {
    return KeyWithName(OperatorKey(node), FirstOutput(node));
  });
  PairNeighbours();
  PairByKey([](int, size_t, const Node& node) { return KeyWithName(1, node.name); });
  PairByKey([](int, size_t, const Node& node) { return KeyWithName(1, FirstOutput(node)); });
  PairInitializersByPlace();
}

void NodeMatching::PairInitializersByName() {
  absl::flat_hash_map<std::string_view, size_t> after;
  for (size_t i = 0; i < after_.initializers().size(); ++i) {
    after.emplace(after_.initializers()[i]->name, i);
  }
  for (size_t i = 0; i < before_.initializers().size(); ++i) {
    const std::string_view name = before_.initializers()[i]->name;
    const auto found = after.find(name);
    if (!name.empty() && found != after.end()) initializers_.Add(i, found->second);
  }
}

// What a node computes, all the way from inputs and weights, whatever they are called. Nodes are
// sorted in a valid graph; a value that is used before its node is only that: a value.
NodeMatching::Keys NodeMatching::DeepKeys(const Scope& scope, const Scope& other,
                                          AttributeHasher& hasher) const {
  Keys keys(scope.nodes().size(), 0);
  const auto key_of_value = [&](const std::string& value) -> size_t {
    const Origin origin = scope.Find(value);
    switch (origin.kind) {
      case Origin::Kind::kNode:
        return absl::HashOf(keys[origin.index], origin.output);
      case Origin::Kind::kInitializer:
        return absl::HashOf(scope.initializers()[origin.index]->type,
                            scope.initializers()[origin.index]->dims);
      case Origin::Kind::kInput:
        if (other.Find(value).kind == Origin::Kind::kInput) return absl::HashOf(value);
        return absl::HashOf(origin.index);
      case Origin::Kind::kUnknown:
        return value.empty() ? 0 : 1;
    }
    return 0;
  };
  for (size_t i = 0; i < keys.size(); ++i) {
    const Node& node = scope.nodes()[i];
    size_t key = absl::HashOf(OperatorKey(node), hasher.Hash(node.attributes));
    for (const std::string& input : node.inputs) key = absl::HashOf(key, key_of_value(input));
    keys[i] = key;
  }
  return keys;
}

// Of several nodes with the same key the first is paired with the first, and so on.
template <typename KeyOf>
void NodeMatching::PairByKey(const KeyOf& key_of) {
  absl::flat_hash_map<size_t, std::deque<size_t>> free;
  for (size_t i = 0; i < nodes_.back.size(); ++i) {
    if (nodes_.back[i] != kNoMatch) continue;
    if (const size_t key = key_of(1, i, after_.nodes()[i])) free[key].push_back(i);
  }
  if (free.empty()) return;
  for (size_t i = 0; i < nodes_.forward.size(); ++i) {
    if (nodes_.forward[i] != kNoMatch) continue;
    const auto found = free.find(key_of(0, i, before_.nodes()[i]));
    if (found == free.end() || found->second.empty()) continue;
    nodes_.Add(i, found->second.front());
    found->second.pop_front();
  }
}

// From every pair to the nodes beside it, as far as that goes.
void NodeMatching::PairNeighbours() {
  std::deque<std::pair<size_t, size_t>> queue;
  const auto pair = [&](size_t before, size_t after) {
    if (OperatorKey(before_.nodes()[before]) != OperatorKey(after_.nodes()[after])) return;
    if (nodes_.Add(before, after)) queue.emplace_back(before, after);
  };
  const auto pair_producers = [&](std::string_view before, std::string_view after) {
    const Origin from = before_.Find(before), to = after_.Find(after);
    if (from.kind != Origin::Kind::kNode || to.kind != Origin::Kind::kNode) return;
    if (from.output == to.output) pair(from.index, to.index);
  };
  const Uses uses_before = UsesIn(before_), uses_after = UsesIn(after_);
  const auto pair_users = [&](std::string_view before, std::string_view after) {
    const auto from = uses_before.find(before);
    const auto to = uses_after.find(after);
    if (before.empty() || from == uses_before.end() || to == uses_after.end()) return;
    absl::flat_hash_map<size_t, std::deque<size_t>> free;
    for (const Use& use : to->second) {
      if (nodes_.back[use.node] != kNoMatch) continue;
      free[absl::HashOf(OperatorKey(after_.nodes()[use.node]), use.input)].push_back(use.node);
    }
    for (const Use& use : from->second) {
      if (free.empty()) return;
      if (nodes_.forward[use.node] != kNoMatch) continue;
      const auto found = free.find(absl::HashOf(OperatorKey(before_.nodes()[use.node]), use.input));
      if (found == free.end() || found->second.empty()) continue;
      pair(use.node, found->second.front());
      found->second.pop_front();
    }
  };
  for (size_t i = 0; i < nodes_.forward.size(); ++i) {
    if (nodes_.forward[i] != kNoMatch) queue.emplace_back(i, nodes_.forward[i]);
  }
  for (size_t i = 0; i < std::min(before_.outputs().size(), after_.outputs().size()); ++i) {
    pair_producers(before_.outputs()[i], after_.outputs()[i]);
  }
  for (; !queue.empty(); queue.pop_front()) {
    const auto [from, to] = queue.front();
    const Node& before = before_.nodes()[from];
    const Node& after = after_.nodes()[to];
    for (size_t i = 0; i < std::min(before.inputs.size(), after.inputs.size()); ++i) {
      pair_producers(before.inputs[i], after.inputs[i]);
    }
    for (size_t i = 0; i < std::min(before.outputs.size(), after.outputs.size()); ++i) {
      pair_users(before.outputs[i], after.outputs[i]);
    }
  }
}

void NodeMatching::PairInitializersByPlace() {
  for (size_t i = 0; i < nodes_.forward.size(); ++i) {
    if (nodes_.forward[i] == kNoMatch) continue;
    const Node& before = before_.nodes()[i];
    const Node& after = after_.nodes()[nodes_.forward[i]];
    if (OperatorKey(before) != OperatorKey(after)) continue;  // whose inputs mean something else
    for (size_t k = 0; k < std::min(before.inputs.size(), after.inputs.size()); ++k) {
      const Origin from = before_.Find(before.inputs[k]), to = after_.Find(after.inputs[k]);
      if (from.kind != Origin::Kind::kInitializer || to.kind != Origin::Kind::kInitializer) {
        continue;
      }
      initializers_.Add(from.index, to.index);
    }
  }
}

bool NodeMatching::Corresponds(std::string_view before, std::string_view after) const {
  const Origin from = before_.Find(before), to = after_.Find(after);
  if (from.kind == Origin::Kind::kUnknown && to.kind == Origin::Kind::kUnknown) {
    return before == after || (outer_ != nullptr && outer_->Corresponds(before, after));
  }
  if (from.kind != to.kind) return before == after;
  switch (from.kind) {
    case Origin::Kind::kNode: {
      const size_t match = nodes_.forward[from.index];
      if (match == to.index) return from.output == to.output;
      return before == after && match == kNoMatch && nodes_.back[to.index] == kNoMatch;
    }
    case Origin::Kind::kInitializer:
      return initializers_.forward[from.index] == to.index;
    case Origin::Kind::kInput:
      return before == after ||
             (from.index == to.index && after_.Find(before).kind == Origin::Kind::kUnknown);
    default:
      return false;
  }
}

}  // namespace mreg::onnx
