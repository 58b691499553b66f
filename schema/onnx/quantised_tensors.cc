#include "schema/onnx/quantised_tensors.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "schema/onnx/node_matching.h"

namespace mreg::onnx {
namespace {

constexpr size_t kNone = static_cast<size_t>(-1);

// Where an operator takes levels: the numbers of its inputs. Channels lie along the first axis or
// along the last one. https://onnx.ai/onnx/operators and ONNX Runtime's docs/ContribOperators.md
struct Rule {
  std::string_view op;
  size_t levels, scale, zero_point;
  enum class Channels : uint8_t { kFirst, kLast, kAttribute } channels;
};
constexpr Rule kRules[] = {
    {"DequantizeLinear", 0, 1, 2, Rule::Channels::kAttribute},
    {"QLinearConv", 3, 4, 5, Rule::Channels::kFirst},
    {"QLinearMatMul", 0, 1, 2, Rule::Channels::kLast},
    {"QLinearMatMul", 3, 4, 5, Rule::Channels::kLast},
    {"QGemm", 3, 4, 5, Rule::Channels::kLast},
    {"QAttention", 1, 4, 7, Rule::Channels::kLast},
    {"DynamicQuantizeMatMul", 1, 2, 3, Rule::Channels::kLast},
    {"MatMulIntegerToFloat", 1, 3, 5, Rule::Channels::kLast},
};
// Whose product is an integer, with which a scale is multiplied later.
constexpr Rule kIntegerRules[] = {
    {"MatMulInteger", 1, kNone, 3, Rule::Channels::kLast},
    {"ConvInteger", 1, kNone, 3, Rule::Channels::kFirst},
};

// Those that use a value, by its name.
using Users = absl::flat_hash_map<std::string_view, std::vector<const Node*>>;

class Finder {
 public:
  Finder(const Scope& scope, const Finder* outer) : scope_(scope), outer_(outer) {
    for (const Node& node : scope.nodes()) {
      for (const std::string& input : node.inputs) users_[input].push_back(&node);
    }
  }

  void Find(Quantisations& found) const {
    for (const Node& node : scope_.nodes()) {
      FindBy(node, found);
      for (const Attribute& attribute : node.attributes) {
        for (const Graph& graph : Subgraphs(attribute)) {
          const Scope inner(graph);
          Finder(inner, this).Find(found);
        }
      }
    }
  }

 private:
  void FindBy(const Node& node, Quantisations& found) const {
    for (const Rule& rule : kRules) {
      if (rule.op != node.op_type) continue;
      Add(rule, node, InitializerAt(node, rule.scale), found);
    }
    for (const Rule& rule : kIntegerRules) {
      if (rule.op != node.op_type) continue;
      Add(rule, node, ScaleOfProduct(node), found);
    }
  }

  void Add(const Rule& rule, const Node& node, const TensorRecord* scale,
           Quantisations& found) const {
    const TensorRecord* const levels = LevelsAt(node, rule.levels);
    if (levels == nullptr || scale == nullptr || levels->dims.empty()) return;
    Quantisation quantisation{scale, InitializerAt(node, rule.zero_point), 0, 0};
    const auto rank = static_cast<int64_t>(levels->dims.size());
    int64_t axis = rule.channels == Rule::Channels::kFirst ? 0 : rank - 1;
    if (rule.channels == Rule::Channels::kAttribute) {
      axis = Int(node, "axis", 1);
      if (axis < 0) axis += rank;
      quantisation.block = static_cast<uint64_t>(std::max<int64_t>(Int(node, "block_size", 0), 0));
    }
    quantisation.axis = static_cast<size_t>(std::clamp<int64_t>(axis, 0, rank - 1));
    found.emplace(levels, quantisation);
  }

  // A table is looked into before its rows are scaled.
  const TensorRecord* LevelsAt(const Node& node, size_t input) const {
    if (const TensorRecord* const levels = InitializerAt(node, input)) return levels;
    const Node* const maker = MakerOf(node, input);
    return maker != nullptr && maker->op_type == "Gather" ? InitializerAt(*maker, 0) : nullptr;
  }

  const TensorRecord* InitializerAt(const Node& node, size_t input) const {
    return input < node.inputs.size() ? InitializerOf(node.inputs[input]) : nullptr;
  }

  const TensorRecord* InitializerOf(std::string_view name) const {
    const Origin origin = scope_.Find(name);
    if (origin.kind == Origin::Kind::kInitializer) return scope_.initializers()[origin.index];
    const bool may_be_outside = origin.kind == Origin::Kind::kUnknown && !name.empty();
    return may_be_outside && outer_ != nullptr ? outer_->InitializerOf(name) : nullptr;
  }

  const Node* MakerOf(const Node& node, size_t input) const {
    if (input >= node.inputs.size()) return nullptr;
    const Origin origin = scope_.Find(node.inputs[input]);
    return origin.kind == Origin::Kind::kNode ? &scope_.nodes()[origin.index] : nullptr;
  }

  // Integer product, Cast, Mul with the scale, which may be multiplied with another's before.
  const TensorRecord* ScaleOfProduct(const Node& node) const {
    const Node* const cast = OnlyUser(node, "Cast");
    const Node* const scaled = OnlyUser(cast != nullptr ? *cast : node, "Mul");
    return scaled != nullptr ? ScaleIn(*scaled, /*may_look_further=*/true) : nullptr;
  }

  const TensorRecord* ScaleIn(const Node& product, bool may_look_further) const {
    for (size_t i = 0; i < product.inputs.size(); ++i) {
      if (const TensorRecord* const scale = InitializerAt(product, i)) return scale;
    }
    for (size_t i = 0; may_look_further && i < product.inputs.size(); ++i) {
      const Node* const factor = MakerOf(product, i);
      if (factor == nullptr || factor->op_type != "Mul") continue;
      if (const TensorRecord* const scale = ScaleIn(*factor, false)) return scale;
    }
    return nullptr;
  }

  const Node* OnlyUser(const Node& node, std::string_view op) const {
    if (node.outputs.empty()) return nullptr;
    const auto users = users_.find(node.outputs.front());
    if (users == users_.end() || users->second.size() != 1) return nullptr;
    return users->second.front()->op_type == op ? users->second.front() : nullptr;
  }

  static int64_t Int(const Node& node, std::string_view name, int64_t otherwise) {
    for (const Attribute& attribute : node.attributes) {
      if (attribute.name != name) continue;
      const auto* const value = std::get_if<int64_t>(&attribute.value);
      return value == nullptr ? otherwise : *value;
    }
    return otherwise;
  }

  const Scope& scope_;
  const Finder* const outer_;
  Users users_;
};

}  // namespace

Quantisations FindQuantisations(const Model& model) {
  Quantisations found;
  const Scope scope(model.graph);
  Finder(scope, nullptr).Find(found);
  return found;
}

}  // namespace mreg::onnx
