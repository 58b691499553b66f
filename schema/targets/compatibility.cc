#include "schema/targets/compatibility.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "schema/onnx/model_facts.h"
#include "schema/targets/node_check.h"
#include "schema/targets/operators.h"
#include "schema/targets/type_inference.h"

namespace mreg::targets {
namespace {

using onnx::Function;
using onnx::Graph;
using onnx::Model;
using onnx::Node;
using onnx::OperatorSchema;

constexpr int kMaxCalls = 64;  // functions within functions
constexpr size_t kMaxFindings = 1000;

// Where a node stands.
struct Place {
  const std::vector<onnx::OpsetImport>& opsets;
  const Node* call;  // of the function that it is in; null: in none
  int calls;
};

std::string NameOf(const Node& node, size_t at) {
  return node.name.empty() ? fmt::format("#{}", at) : node.name;
}

class Checker {
 public:
  Checker(const Model& model, const Profile& target, const Profile* fallback)
      : model_(model), target_(target), fallback_(fallback) {}

  Verdict Check() {
    for (const Function& function : model_.functions) {
      functions_[{onnx::DomainName(function.domain), function.name, function.overload}] = &function;
    }
    CheckIr();
    CheckOpsets(model_.opsets);
    CheckMemory();
    VisitGraph(model_.graph, nullptr, {model_.opsets, nullptr, 0});
    for (const Finding& finding : verdict_.findings) {
      verdict_.support = std::max(verdict_.support, finding.support);
    }
    return std::move(verdict_);
  }

 private:
  void Add(Finding finding) {
    const auto key = std::tuple(finding.kind, finding.support, finding.domain, finding.op,
                                finding.since, finding.message);
    const auto [known, is_new] = known_.emplace(key, verdict_.findings.size());
    if (!is_new) {
      verdict_.findings[known->second].nodes += finding.nodes;
    } else if (verdict_.findings.size() < kMaxFindings) {
      verdict_.findings.push_back(std::move(finding));
    } else {
      known_.erase(known);
      verdict_.support = std::max(verdict_.support, finding.support);
    }
  }

  void AddAbout(Finding::Kind kind, const std::string& domain, const std::string& message,
                const std::string& advice) {
    Finding finding;
    finding.kind = kind;
    finding.domain = domain;
    finding.message = message;
    finding.advice = advice;
    Add(std::move(finding));
  }

  void CheckIr() {
    if (target_.max_ir == 0 || model_.ir_version <= target_.max_ir) return;
    AddAbout(Finding::Kind::kIr, "",
             fmt::format("the model has IR version {}; the target reads up to {}",
                         model_.ir_version, target_.max_ir),
             "save it with an older IR version, or take a newer runtime");
  }

  void CheckOpsets(const std::vector<onnx::OpsetImport>& opsets) {
    for (const onnx::OpsetImport& opset : opsets) {
      const std::string domain = onnx::DomainName(opset.domain);
      const auto range = target_.opsets.find(domain);
      if (range == target_.opsets.end()) continue;
      const auto [first, last] = range->second;
      if (opset.version >= first && opset.version <= last) continue;
      AddAbout(Finding::Kind::kOpset, domain,
               fmt::format("the model has opset {} of {}; the target knows {} to {}", opset.version,
                           domain, first, last),
               fmt::format("convert it to opset {}{}", opset.version > last ? last : first,
                           opset.version > last ? ", or take a newer runtime" : ""));
    }
  }

  void CheckMemory() {
    if (target_.memory == 0) return;
    const uint64_t weights = onnx::GatherFacts(model_).parameter_bytes;
    if (weights <= target_.memory) return;
    AddAbout(Finding::Kind::kMemory, "",
             fmt::format("its weights take {} bytes; the device has {}", weights, target_.memory),
             "quantise it, or take a larger device");
  }

  void VisitGraph(const Graph& graph, const TypeScope* outer, const Place& place) {
    TypeScope scope(outer);
    scope.Declare(graph);
    VisitNodes(graph.nodes, scope, place);
  }

  void VisitNodes(const std::vector<Node>& nodes, TypeScope& scope, const Place& place) {
    for (size_t i = 0; i < nodes.size(); ++i) {
      const Node& node = nodes[i];
      values_ += node.inputs.size() + node.outputs.size() + node.attributes.size();
      if (++verdict_.nodes > kMaxNodes || values_ > kMaxValues) return AddTooLarge();
      VisitNode(node, i, scope, place);
    }
  }

  void AddTooLarge() {
    if (!std::exchange(verdict_.is_too_large, true)) Add(TooLarge().findings.front());
  }

  void VisitNode(const Node& node, size_t at, TypeScope& scope, const Place& place) {
    const std::string domain = onnx::DomainName(node.domain);
    const auto function = functions_.find({domain, node.op_type, node.overload});
    if (function != functions_.end()) return Call(node, *function->second, scope, place);
    const int64_t opset = OpsetOf(place, domain);
    if (opset == 0) {
      return AddNode(node, at,
                     {Support::kUnsupported, Finding::Kind::kDomain,
                      fmt::format("the model imports no opset of {}", domain), ""},
                     0);
    }
    const OperatorSchema* const schema = FindOperator(domain, node.op_type, opset);
    VisitSubgraphs(node, scope, place);
    BoundTypes bound;
    if (schema != nullptr) {
      bound = BindTypes(*schema, node, scope);
      InferOutputs(*schema, node, place.call, bound, scope);
      bound = BindTypes(*schema, node, scope);
    }
    // Of an opset that the target does not know there is nothing to say but that.
    const auto range = target_.opsets.find(domain);
    if (range != target_.opsets.end() && opset > range->second.last) return;
    CheckNode(node, at, {node, place.call, domain, opset, schema, bound});
  }

  void CheckNode(const Node& node, size_t at, const NodeInPlace& in_place) {
    const NodeVerdict verdict = CheckKernels(in_place, target_);
    if (verdict.support == Support::kSupported) return;
    const int64_t since = in_place.schema == nullptr ? 0 : in_place.schema->since;
    if (fallback_ == nullptr) return AddNode(node, at, verdict, since);
    const NodeVerdict otherwise = CheckKernels(in_place, *fallback_);
    if (otherwise.support == Support::kSupported) {
      ++verdict_.fallback_nodes;
    } else {
      AddNode(node, at, verdict.support < otherwise.support ? verdict : otherwise, since);
    }
  }

  void AddNode(const Node& node, size_t at, const NodeVerdict& verdict, int64_t since) {
    Add({verdict.support, verdict.kind, onnx::DomainName(node.domain), node.op_type, since,
         NameOf(node, at), 1, verdict.message, verdict.advice});
  }

  static int64_t OpsetOf(const Place& place, const std::string& domain) {
    for (const onnx::OpsetImport& opset : place.opsets) {
      // A node may have to look through hundreds of them.
      const bool is_it = opset.domain.empty() ? domain == "ai.onnx" : opset.domain == domain;
      if (is_it) return opset.version;
    }
    return 0;
  }

  // Bodies see the types of what is handed into them, and give the node's outputs theirs.
  void VisitSubgraphs(const Node& node, TypeScope& scope, const Place& place) {
    for (const onnx::Attribute& attribute : node.attributes) {
      for (const Graph& graph : onnx::Subgraphs(attribute)) {
        TypeScope inner(&scope);
        inner.Declare(graph);
        HandIn(node, graph, scope, inner);
        VisitNodes(graph.nodes, inner, place);
        HandOut(node, graph, inner, scope);
      }
    }
  }

  static void HandIn(const Node& node, const Graph& graph, const TypeScope& scope,
                     TypeScope& inner) {
    // Scan-8 alone has an input before those of its body.
    const size_t skipped = node.op_type == "Scan" && !node.inputs.empty() &&
                                   node.inputs.size() == graph.inputs.size() + 1
                               ? 1
                               : 0;
    for (size_t i = 0; i < graph.inputs.size() && i + skipped < node.inputs.size(); ++i) {
      std::string type = scope.Find(node.inputs[i + skipped]);
      if (node.op_type == "SequenceMap" && type.starts_with("seq(")) {
        type = type.substr(4, type.size() - 5);
      }
      inner.Set(graph.inputs[i].name, type);
    }
  }

  static void HandOut(const Node& node, const Graph& graph, const TypeScope& inner,
                      TypeScope& scope) {
    const size_t skipped = node.op_type == "Loop" ? 1 : 0;  // whether to go on
    for (size_t i = 0; i < node.outputs.size() && i + skipped < graph.outputs.size(); ++i) {
      const std::string& type = inner.Find(graph.outputs[i + skipped].name);
      const bool is_map = node.op_type == "SequenceMap" && !type.empty();
      scope.Set(node.outputs[i], is_map ? fmt::format("seq({})", type) : type);
    }
  }

  void Call(const Node& node, const Function& function, TypeScope& scope, const Place& place) {
    if (place.calls >= kMaxCalls) {
      return AddAbout(
          Finding::Kind::kModel, function.domain,
          fmt::format("the function {} calls itself, or others too deep", function.name), "");
    }
    CheckOpsets(function.opsets);
    TypeScope inner(nullptr);
    for (size_t i = 0; i < function.inputs.size() && i < node.inputs.size(); ++i) {
      inner.Set(function.inputs[i], scope.Find(node.inputs[i]));
    }
    VisitNodes(function.nodes, inner, {function.opsets, &node, place.calls + 1});
    for (size_t i = 0; i < function.outputs.size() && i < node.outputs.size(); ++i) {
      scope.Set(node.outputs[i], inner.Find(function.outputs[i]));
    }
  }

  const Model& model_;
  const Profile& target_;
  const Profile* const fallback_;
  std::map<std::tuple<std::string, std::string, std::string>, const Function*> functions_;
  std::map<std::tuple<Finding::Kind, Support, std::string, std::string, int64_t, std::string>,
           size_t>
      known_;            // findings by what makes them alike
  uint64_t values_ = 0;  // inputs, outputs and attributes of the nodes looked at
  Verdict verdict_;
};

}  // namespace

Verdict TooLarge() {
  Finding finding;
  finding.support = Support::kUnknown;
  finding.kind = Finding::Kind::kModel;
  finding.message = fmt::format(
      "too large: more than {} nodes, or than {} inputs, outputs and attributes of them", kMaxNodes,
      kMaxValues);
  return {.support = Support::kUnknown,
          .findings = {std::move(finding)},
          .nodes = kMaxNodes,
          .is_too_large = true};
}

Verdict CheckModel(const Model& model, const Profile& target, const Profile* fallback) {
  return Checker(model, target, fallback).Check();
}

std::string_view SupportName(Support support) {
  constexpr std::array<std::string_view, 3> kNames = {"supported", "unknown", "unsupported"};
  return kNames.at(static_cast<size_t>(support));
}

std::string_view KindName(Finding::Kind kind) {
  constexpr std::array<std::string_view, 8> kNames = {"ir",   "opset",     "domain", "operator",
                                                      "type", "attribute", "model",  "memory"};
  return kNames.at(static_cast<size_t>(kind));
}

}  // namespace mreg::targets
