#include "storage/catalog/entry.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "schema/onnx/data_type.h"
#include "schema/onnx/facts_json.h"

namespace mreg::catalog {
namespace {

constexpr std::string_view kOnnxDomain = "ai.onnx";

int64_t Clamped(uint64_t value) {
  return static_cast<int64_t>(std::min<uint64_t>(value, std::numeric_limits<int64_t>::max()));
}

// Each once.
void AddTerm(std::string_view key, std::string value, std::vector<Term>& terms) {
  if (value.empty()) return;
  Term term{std::string(key), std::move(value)};
  if (std::ranges::find(terms, term) == terms.end()) terms.push_back(std::move(term));
}

void AddYes(std::string_view key, bool holds, std::vector<Term>& terms) {
  if (holds) AddTerm(key, "yes", terms);
}

void AddTypes(const onnx::ModelFacts& facts, Entry& entry) {
  for (const onnx::TypeUse& use : facts.types) {
    if (use.bytes == 0 || use.bytes < facts.parameter_bytes / 100) continue;
    AddTerm("dtype", onnx::SchemaTypeName(use.type), entry.terms);
  }
  if (!facts.types.empty()) entry.summary.dtype = onnx::SchemaTypeName(facts.types.front().type);
}

void AddOpsets(const onnx::ModelFacts& facts, Entry& entry) {
  for (const onnx::OpsetUse& opset : facts.opsets) {
    AddTerm("domain", opset.domain, entry.terms);
    if (opset.domain != kOnnxDomain) continue;
    entry.summary.numbers[Number::kOpset] = opset.imported;
    AddTerm("opset", std::to_string(opset.imported), entry.terms);
  }
}

// An operator is known by its name, one of another domain also by both.
void AddOperators(const onnx::ModelFacts& facts, Entry& entry) {
  std::vector<std::string> names;
  for (const onnx::OperatorUse& use : facts.operators) {
    names.push_back(use.name);
    if (use.domain != kOnnxDomain) names.push_back(use.domain + "." + use.name);
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (std::string& name : names) entry.terms.push_back({"op", std::move(name)});
}

void AddDangers(const onnx::ModelFacts& facts, Entry& entry) {
  for (const onnx::ModelDanger& danger : facts.dangers) {
    AddTerm("danger", onnx::DangerName(danger.kind), entry.terms);
    AddYes("custom", danger.kind == onnx::ModelDanger::Kind::kCustomDomain, entry.terms);
  }
  AddYes("danger", !facts.dangers.empty(), entry.terms);
}

void AddDetails(const onnx::ModelFacts& facts, Entry& entry) {
  const auto add = [&](std::string_view text) { entry.details.append(text).append("\n"); };
  for (const auto* text : {&facts.producer_name, &facts.domain, &facts.graph_name, &facts.doc}) {
    if (!text->empty()) add(*text);
  }
  for (const auto& [key, value] : facts.metadata) {
    add(key);
    add(value);
  }
}

}  // namespace

void AddFacts(const onnx::ModelFacts& facts, Entry& entry) {
  entry.summary.numbers[Number::kIr] = facts.ir_version;
  entry.summary.numbers[Number::kParameters] = Clamped(facts.parameters);
  entry.summary.numbers[Number::kNodes] = Clamped(facts.nodes);
  AddTerm("producer", facts.producer_name, entry.terms);
  AddTypes(facts, entry);
  AddOpsets(facts, entry);
  AddOperators(facts, entry);
  AddYes("quantised", facts.quantisation.any(), entry.terms);
  AddYes("external", !facts.external.empty(), entry.terms);
  AddDangers(facts, entry);
  AddDetails(facts, entry);
  entry.facts = onnx::FactsToJson(facts);
}

}  // namespace mreg::catalog
