#include "schema/onnx/model_facts.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <set>
#include <tuple>

#include "schema/onnx/data_type.h"
#include "schema/onnx/operator_table.h"

namespace mreg::onnx {
namespace {

using OperatorKey = std::pair<std::string, std::string>;  // domain, name

constexpr auto kIntegerOperators = std::to_array<std::string_view>(
    {"ConvInteger", "MatMulInteger", "MatMulIntegerToFloat", "DynamicQuantizeMatMul",
     "DynamicQuantizeLSTM", "QAttention", "QGemm", "QEmbedLayerNormalization", "QOrderedMatMul"});
constexpr auto kBlockOperators =
    std::to_array<std::string_view>({"MatMulNBits", "MatMulBnb4", "GatherBlockQuantized", "QMoE"});

template <typename Names>
bool IsOneOf(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

uint64_t AddSaturating(uint64_t a, uint64_t b) {
  const uint64_t sum = a + b;
  return sum < a ? std::numeric_limits<uint64_t>::max() : sum;
}

uint64_t MultiplySaturating(uint64_t a, uint64_t b) {
  uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<uint64_t>::max() : product;
}

// What a tensor's elements take, by where they lie or else by its shape.
uint64_t BytesOf(const TensorRecord& tensor, uint64_t elements) {
  if (!tensor.is_external && tensor.payload_fields == 1) return tensor.payload.size();
  if (tensor.is_external && tensor.external_length > 0) return tensor.external_length;
  const uint64_t bits = static_cast<uint64_t>(DataTypeBits(tensor.type));
  if (bits < 8) return MultiplySaturating(elements, bits) / 8;
  return MultiplySaturating(elements, bits / 8);
}

class FactGatherer {
 public:
  explicit FactGatherer(const Model& model) : model_(model) {}

  ModelFacts Gather();

 private:
  void TakeHead();
  void TakeValues();
  void TakeFunctions();
  void VisitGraph(const Graph& graph, int depth);
  void VisitNode(const Node& node, int depth);
  void VisitAttribute(const Attribute& attribute, int depth);
  void VisitContext(const Node& node);
  void VisitSparse(const SparseTensor& tensor);
  void VisitTensor(const TensorRecord& tensor);
  void CountQuantisation(const Node& node);
  int64_t OpsetOf(const std::string& domain) const;
  void ListOperators();
  void ListOpsets();
  void ListExternal();
  void ListTypes();
  void AddDanger(ModelDanger::Kind kind, const std::string& detail);

  const Model& model_;
  ModelFacts facts_;
  // Of the graph or function that is visited.
  const std::vector<OpsetImport>* opsets_ = nullptr;
  std::set<OperatorKey> functions_;
  std::map<std::tuple<std::string, std::string, int64_t>, uint64_t> operators_;
  std::map<std::string, ExternalFile> external_;
  std::map<DataType, TypeUse> types_;
  std::set<std::pair<ModelDanger::Kind, std::string>> dangers_;
};

ModelFacts FactGatherer::Gather() {
  TakeHead();
  TakeValues();
  opsets_ = &model_.opsets;
  VisitGraph(model_.graph, 0);
  for (const Graph& graph : model_.training) VisitGraph(graph, 0);
  TakeFunctions();
  ListOperators();
  ListOpsets();
  ListExternal();
  ListTypes();
  for (const auto& [kind, detail] : dangers_) facts_.dangers.push_back({kind, detail});
  return std::move(facts_);
}

void FactGatherer::TakeHead() {
  facts_.ir_version = model_.ir_version;
  facts_.producer_name = model_.producer_name;
  facts_.producer_version = model_.producer_version;
  facts_.domain = model_.domain;
  facts_.model_version = model_.model_version;
  facts_.doc = model_.doc;
  facts_.graph_name = model_.graph.name;
  facts_.metadata = model_.metadata;
  facts_.has_training = !model_.training.empty();
  for (const Function& function : model_.functions) {
    functions_.emplace(DomainName(function.domain), function.name);
  }
}

// Before IR 4 initializers had to be inputs too, which a caller need not give.
void FactGatherer::TakeValues() {
  std::set<std::string_view> initialized;
  for (const TensorRecord& tensor : model_.graph.initializers) initialized.insert(tensor.name);
  for (const SparseTensor& tensor : model_.graph.sparse_initializers) {
    initialized.insert(tensor.values.name);
  }
  for (const ValueInfo& input : model_.graph.inputs) {
    if (!initialized.contains(input.name)) facts_.inputs.push_back(input);
  }
  facts_.outputs = model_.graph.outputs;
}

void FactGatherer::TakeFunctions() {
  for (const Function& function : model_.functions) {
    facts_.functions.push_back({DomainName(function.domain), function.name, function.nodes.size()});
    opsets_ = function.opsets.empty() ? &model_.opsets : &function.opsets;
    for (const Node& node : function.nodes) VisitNode(node, 0);
  }
}

void FactGatherer::VisitGraph(const Graph& graph, int depth) {
  ++facts_.graphs;
  facts_.subgraph_depth = std::max(facts_.subgraph_depth, depth);
  facts_.quantisation.annotations += graph.quantization_annotations;
  for (const TensorRecord& tensor : graph.initializers) VisitTensor(tensor);
  for (const SparseTensor& tensor : graph.sparse_initializers) VisitSparse(tensor);
  for (const Node& node : graph.nodes) VisitNode(node, depth);
}

void FactGatherer::VisitNode(const Node& node, int depth) {
  ++facts_.nodes;
  ++operators_[{DomainName(node.domain), node.op_type, OpsetOf(node.domain)}];
  CountQuantisation(node);
  if (node.op_type == "EPContext") VisitContext(node);
  for (const Attribute& attribute : node.attributes) VisitAttribute(attribute, depth);
}

void FactGatherer::VisitAttribute(const Attribute& attribute, int depth) {
  for (const Graph& graph : Subgraphs(attribute)) VisitGraph(graph, depth + 1);
  if (const auto* const tensors = std::get_if<std::vector<TensorRecord>>(&attribute.value)) {
    for (const TensorRecord& tensor : *tensors) VisitTensor(tensor);
  }
  if (const auto* const tensors = std::get_if<std::vector<SparseTensor>>(&attribute.value)) {
    for (const SparseTensor& tensor : *tensors) VisitSparse(tensor);
  }
}

// A compiled graph for one device: embed_mode 0 makes ep_cache_context a path, else it is the
// device's code. https://onnxruntime.ai/docs/execution-providers/EP-Context-Design.html
void FactGatherer::VisitContext(const Node& node) {
  int64_t embed_mode = 1;
  std::string context;
  for (const Attribute& attribute : node.attributes) {
    if (const auto* const text = std::get_if<std::string>(&attribute.value);
        text != nullptr && attribute.name == "ep_cache_context") {
      context = *text;
    }
    if (const auto* const mode = std::get_if<int64_t>(&attribute.value);
        mode != nullptr && attribute.name == "embed_mode") {
      embed_mode = *mode;
    }
  }
  if (embed_mode == 0) {
    AddDanger(ModelDanger::Kind::kContextPath, context);
  } else {
    AddDanger(ModelDanger::Kind::kContextBlob, node.name);
  }
}

void FactGatherer::VisitSparse(const SparseTensor& tensor) {
  ++facts_.sparse_tensors;
  VisitTensor(tensor.values);
  VisitTensor(tensor.indices);
}

void FactGatherer::VisitTensor(const TensorRecord& tensor) {
  const uint64_t elements = ElementCount(tensor.dims);
  const uint64_t bytes = BytesOf(tensor, elements);
  TypeUse& use = types_[tensor.type];
  ++use.tensors;
  use.elements = AddSaturating(use.elements, elements);
  use.bytes = AddSaturating(use.bytes, bytes);
  if (!tensor.is_external) return;
  ExternalFile& file = external_[tensor.location];
  ++file.tensors;
  file.bytes = AddSaturating(file.bytes, bytes);
}

void FactGatherer::CountQuantisation(const Node& node) {
  QuantisationFacts& facts = facts_.quantisation;
  const std::string& name = node.op_type;
  if (name == "QuantizeLinear" || name == "DequantizeLinear") ++facts.qdq;
  if (name == "DynamicQuantizeLinear") ++facts.dynamic;
  if (name.starts_with("QLinear") || IsOneOf(kIntegerOperators, name)) ++facts.integer_operators;
  if (IsOneOf(kBlockOperators, name)) ++facts.blockwise;
}

// 0 where the graph does not import it.
int64_t FactGatherer::OpsetOf(const std::string& domain) const {
  for (const OpsetImport& opset : *opsets_) {
    if (DomainName(opset.domain) == DomainName(domain)) return opset.version;
  }
  return 0;
}

void FactGatherer::ListOperators() {
  const OperatorTable& table = OperatorTable::Get();
  for (const auto& [key, nodes] : operators_) {
    const auto& [domain, name, opset] = key;
    OperatorUse use{.domain = domain, .name = name, .nodes = nodes};
    use.is_function = functions_.contains({domain, name});
    const OperatorSchema* const schema = table.Find(domain, name, opset);
    if (schema != nullptr && !use.is_function) use.since = schema->since;
    // Two opsets of functions may mean the same version.
    if (!facts_.operators.empty()) {
      OperatorUse& last = facts_.operators.back();
      if (last.domain == domain && last.name == name && last.since == use.since) {
        last.nodes += nodes;
        continue;
      }
    }
    facts_.operators.push_back(std::move(use));
  }
}

void FactGatherer::ListOpsets() {
  std::map<std::string, OpsetUse> opsets;
  for (const OpsetImport& opset : model_.opsets) {
    const std::string domain = DomainName(opset.domain);
    opsets[domain] = {.domain = domain, .imported = opset.version};
  }
  const OperatorTable& table = OperatorTable::Get();
  for (const OperatorUse& use : facts_.operators) {
    OpsetUse& opset = opsets[use.domain];
    opset.domain = use.domain;
    opset.nodes += use.nodes;
    opset.needed = std::max(opset.needed, use.since);
    if (table.NewestOpset(use.domain) == 0 && !use.is_function) {
      AddDanger(ModelDanger::Kind::kCustomDomain, use.domain);
    }
  }
  for (auto& [domain, opset] : opsets) facts_.opsets.push_back(std::move(opset));
}

void FactGatherer::ListExternal() {
  for (auto& [location, file] : external_) {
    file.location = location;
    file.is_inside = IsLocationInside(location);
    if (!file.is_inside) AddDanger(ModelDanger::Kind::kExternalEscapes, location);
    facts_.external.push_back(std::move(file));
  }
}

void FactGatherer::ListTypes() {
  for (const auto& [type, use] : types_) {
    facts_.types.push_back(use);
    facts_.types.back().type = type;
    facts_.parameters = AddSaturating(facts_.parameters, use.elements);
    facts_.parameter_bytes = AddSaturating(facts_.parameter_bytes, use.bytes);
  }
  std::ranges::stable_sort(facts_.types, std::ranges::greater(), &TypeUse::bytes);
}

void FactGatherer::AddDanger(ModelDanger::Kind kind, const std::string& detail) {
  dangers_.emplace(kind, detail);
}

}  // namespace

ModelFacts GatherFacts(const Model& model) { return FactGatherer(model).Gather(); }

bool IsLocationInside(std::string_view location) {
  constexpr std::string_view kForeign("\\:\0", 3);
  if (location.find_first_of(kForeign) != std::string_view::npos) return false;
  for (;;) {
    const size_t slash = location.find('/');
    const std::string_view part = location.substr(0, slash);
    if (part.empty() || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    location.remove_prefix(slash + 1);
  }
}

uint64_t ElementCount(const std::vector<int64_t>& dims) {
  uint64_t count = 1;
  for (const int64_t dim : dims) {
    count = MultiplySaturating(count, static_cast<uint64_t>(std::max<int64_t>(dim, 0)));
  }
  return count;
}

}  // namespace mreg::onnx
