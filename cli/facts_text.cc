#include "cli/facts_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "cli/display.h"
#include "cli/fact_lines.h"
#include "cli/terminal/units.h"
#include "schema/onnx/data_type.h"

namespace mreg::cli {
namespace {

using onnx::ModelDanger;
using onnx::ModelFacts;
using terminal::FormatCount;
using terminal::FormatSize;

// Of lists; the whole is in the JSON.
constexpr size_t kShownMetadata = 20;
constexpr size_t kShownOperators = 40;

std::string OpsetText(const onnx::OpsetUse& opset) {
  std::string text = fmt::format("{} {}", Shown(opset.domain), opset.imported);
  if (opset.imported == 0) text = fmt::format("{} (not imported)", Shown(opset.domain));
  if (opset.nodes == 0) return text + " (not used)";
  const bool says_more = opset.needed > 0 && opset.needed != opset.imported;
  return says_more ? fmt::format("{} (needs {})", text, opset.needed) : text;
}

std::string TypeText(const onnx::TypeUse& use) {
  return fmt::format("{} {} in {}", FormatThousands(use.elements), onnx::SchemaTypeName(use.type),
                     FormatCount(use.tensors, "tensor", "tensors"));
}

std::string NodesText(const ModelFacts& facts) {
  std::string text = fmt::to_string(facts.nodes);
  if (facts.graphs > 1) text += fmt::format(" in {} graphs", facts.graphs);
  if (facts.subgraph_depth > 0) text += fmt::format(", nested {} deep", facts.subgraph_depth);
  return text;
}

std::string OperatorText(const onnx::OperatorUse& use) {
  const std::string name =
      use.domain == "ai.onnx" ? Shown(use.name) : Shown(use.domain + "." + use.name);
  return use.nodes == 1 ? name : fmt::format("{} x{}", name, use.nodes);
}

std::string OperatorsText(const ModelFacts& facts) {
  std::vector<onnx::OperatorUse> operators = facts.operators;
  std::ranges::stable_sort(operators, std::ranges::greater(), &onnx::OperatorUse::nodes);
  std::vector<std::string> texts;
  for (const onnx::OperatorUse& use : operators) {
    if (texts.size() == kShownOperators) break;
    texts.push_back(OperatorText(use));
  }
  const size_t rest = operators.size() - texts.size();
  return fmt::format("{}{}", fmt::join(texts, ", "),
                     rest == 0 ? "" : fmt::format(" and {} more", rest));
}

std::string QuantisationText(const onnx::QuantisationFacts& facts) {
  std::vector<std::string> texts;
  const auto add = [&](uint64_t count, std::string_view one, std::string_view many) {
    if (count > 0) texts.push_back(FormatCount(count, one, many));
  };
  add(facts.qdq, "quantize or dequantize node", "quantize and dequantize nodes");
  add(facts.integer_operators, "integer operator", "integer operators");
  add(facts.dynamic, "dynamic quantization", "dynamic quantizations");
  add(facts.blockwise, "operator with weights in blocks", "operators with weights in blocks");
  add(facts.annotations, "annotation", "annotations");
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string DangerText(const ModelDanger& danger) {
  const std::string detail = Shortened(danger.detail);
  switch (danger.kind) {
    case ModelDanger::Kind::kExternalEscapes:
      return "a tensor's data lie outside of the model's folder: " + detail;
    case ModelDanger::Kind::kCustomDomain:
      return "operators that ONNX does not define: " + detail;
    case ModelDanger::Kind::kContextPath:
      return "code for one device, from the file " + detail;
    case ModelDanger::Kind::kContextBlob:
      return "code for one device, in the node " + detail;
  }
  return "";
}

void AddValues(std::string_view name, const std::vector<onnx::ValueInfo>& values,
               FactLines& lines) {
  for (const onnx::ValueInfo& value : values) {
    lines.Add(name, fmt::format("{}  {}  {}", Shown(value.name), Shown(onnx::TypeName(value.type)),
                                Shown(onnx::ShapeText(value.type))));
  }
}

void AddHead(const ModelFacts& facts, FactLines& lines) {
  lines.Add("producer", Shortened(fmt::format("{}{}{}", facts.producer_name,
                                              facts.producer_version.empty() ? "" : " ",
                                              facts.producer_version)));
  lines.Add("graph", Shortened(facts.graph_name));
  if (!facts.domain.empty() || facts.model_version != 0) {
    lines.Add("domain", fmt::format("{} version {}", Shown(facts.domain), facts.model_version));
  }
  lines.Add("about", Shortened(facts.doc));
  for (const onnx::OpsetUse& opset : facts.opsets) lines.Add("opsets", OpsetText(opset));
}

void AddMetadata(const ModelFacts& facts, FactLines& lines) {
  for (size_t i = 0; i < std::min(facts.metadata.size(), kShownMetadata); ++i) {
    const auto& [key, value] = facts.metadata[i];
    lines.Add("metadata", fmt::format("{} = {}", Shortened(key), Shortened(value)));
  }
}

void AddWeights(const ModelFacts& facts, FactLines& lines) {
  lines.Add("parameters", fmt::format("{}, {}", FormatThousands(facts.parameters),
                                      FormatSize(facts.parameter_bytes)));
  for (const onnx::TypeUse& use : facts.types) lines.Add("types", TypeText(use));
  if (facts.sparse_tensors > 0)
    lines.Add("sparse", FormatCount(facts.sparse_tensors, "tensor", "tensors"));
  for (const onnx::ExternalFile& file : facts.external) {
    lines.Add("external",
              fmt::format("{}: {}, {}", Shortened(file.location),
                          FormatCount(file.tensors, "tensor", "tensors"), FormatSize(file.bytes)));
  }
}

}  // namespace

std::string FormatFacts(const terminal::Terminal& terminal, const ModelFacts& facts) {
  FactLines lines;
  AddHead(facts, lines);
  AddValues("inputs", facts.inputs, lines);
  AddValues("outputs", facts.outputs, lines);
  AddWeights(facts, lines);
  lines.Add("nodes", NodesText(facts));
  lines.Add("operators", OperatorsText(facts));
  for (const onnx::FunctionFact& function : facts.functions) {
    lines.Add("functions", fmt::format("{}.{}: {}", Shown(function.domain), Shown(function.name),
                                       FormatCount(function.nodes, "node", "nodes")));
  }
  lines.Add("quantised", QuantisationText(facts.quantisation));
  if (facts.has_training) lines.Add("training", "has training information");
  AddMetadata(facts, lines);
  std::string text = lines.ToText();
  for (const ModelDanger& danger : facts.dangers) {
    text += terminal.Paint(terminal::Style::kYellow, "  warning: " + DangerText(danger)) + "\n";
  }
  return text;
}

}  // namespace mreg::cli
