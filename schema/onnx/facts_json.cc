#include "schema/onnx/facts_json.h"

#include <nlohmann/json.hpp>

#include "schema/onnx/data_type.h"

namespace mreg::onnx {
namespace {

using Json = nlohmann::ordered_json;

Json DimJson(const Dim& dim) {
  if (dim.value >= 0) return dim.value;
  return dim.symbol.empty() ? Json(nullptr) : Json(dim.symbol);
}

Json ValueJson(const ValueInfo& value) {
  Json json = {{"name", value.name}, {"type", TypeName(value.type)}};
  if (!value.type.has_shape) return json;
  Json shape = Json::array();
  for (const Dim& dim : value.type.shape) shape.push_back(DimJson(dim));
  json["shape"] = std::move(shape);
  return json;
}

template <typename Items, typename ToJson>
Json ListJson(const Items& items, const ToJson& to_json) {
  Json list = Json::array();
  for (const auto& item : items) list.push_back(to_json(item));
  return list;
}

Json OpsetJson(const OpsetUse& opset) {
  return {{"domain", opset.domain},
          {"imported", opset.imported},
          {"needed", opset.needed},
          {"nodes", opset.nodes}};
}

Json TypeJson(const TypeUse& use) {
  return {{"type", DataTypeName(use.type)},
          {"tensors", use.tensors},
          {"elements", use.elements},
          {"bytes", use.bytes}};
}

Json OperatorJson(const OperatorUse& use) {
  return {{"domain", use.domain},
          {"name", use.name},
          {"since", use.since},
          {"function", use.is_function},
          {"nodes", use.nodes}};
}

Json QuantisationJson(const QuantisationFacts& facts) {
  return {{"qdq", facts.qdq},
          {"integer_operators", facts.integer_operators},
          {"dynamic", facts.dynamic},
          {"blockwise", facts.blockwise},
          {"annotations", facts.annotations}};
}

Json FunctionJson(const FunctionFact& function) {
  return {{"domain", function.domain}, {"name", function.name}, {"nodes", function.nodes}};
}

Json ExternalJson(const ExternalFile& file) {
  return {{"location", file.location},
          {"tensors", file.tensors},
          {"bytes", file.bytes},
          {"inside", file.is_inside}};
}

Json DangerJson(const ModelDanger& danger) {
  return {{"kind", DangerName(danger.kind)}, {"detail", danger.detail}};
}

// The last of two with the same key counts.
Json MetadataJson(const std::vector<Property>& metadata) {
  Json json = Json::object();
  for (const auto& [key, value] : metadata) json[key] = value;
  return json;
}

}  // namespace

std::string DangerName(ModelDanger::Kind kind) {
  switch (kind) {
    case ModelDanger::Kind::kExternalEscapes:
      return "external_escapes";
    case ModelDanger::Kind::kCustomDomain:
      return "custom_domain";
    case ModelDanger::Kind::kContextPath:
      return "context_path";
    case ModelDanger::Kind::kContextBlob:
      return "context_blob";
  }
  return "";
}

std::string FactsToJson(const ModelFacts& facts) {
  const Json json = {
      {"ir_version", facts.ir_version},
      {"producer", {{"name", facts.producer_name}, {"version", facts.producer_version}}},
      {"domain", facts.domain},
      {"model_version", facts.model_version},
      {"graph", facts.graph_name},
      {"doc", facts.doc},
      {"metadata", MetadataJson(facts.metadata)},
      {"opsets", ListJson(facts.opsets, OpsetJson)},
      {"inputs", ListJson(facts.inputs, ValueJson)},
      {"outputs", ListJson(facts.outputs, ValueJson)},
      {"parameters", facts.parameters},
      {"parameter_bytes", facts.parameter_bytes},
      {"types", ListJson(facts.types, TypeJson)},
      {"nodes", facts.nodes},
      {"graphs", facts.graphs},
      {"subgraph_depth", facts.subgraph_depth},
      {"operators", ListJson(facts.operators, OperatorJson)},
      {"functions", ListJson(facts.functions, FunctionJson)},
      {"quantisation", QuantisationJson(facts.quantisation)},
      {"sparse_tensors", facts.sparse_tensors},
      {"training", facts.has_training},
      {"external", ListJson(facts.external, ExternalJson)},
      {"dangers", ListJson(facts.dangers, DangerJson)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace mreg::onnx
