#include "storage/registry/model_traits.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "schema/base/coding.h"
#include "schema/base/sha256.h"
#include "schema/onnx/tensor_reader.h"

namespace mreg::registry {
namespace {

using onnx::DataType;

// TensorProto.DataType.
constexpr DataType kInt64 = 7, kString = 8, kBool = 9, kComplex64 = 14, kComplex128 = 15;
constexpr DataType kNoWeights[] = {0, kInt64, kString, kBool, kComplex64, kComplex128};
constexpr uint64_t kLeastElements = 1'024;
constexpr std::string_view kQuantised = "_quantized";

constexpr char kVersion = 1;
constexpr char kIsQuantised = 1, kIsOptimised = 2;
constexpr size_t kHeadBytes = 2;
constexpr size_t kTensorBytes = 6 * 8 + 4;

struct Weights {
  TensorTraits traits;
  TensorLocation place;
};

uint64_t HashOfName(std::string_view name) {
  if (name.ends_with(kQuantised)) name.remove_suffix(kQuantised.size());
  return ShortHash(name);
}

uint64_t HashOfShape(const std::vector<int64_t>& dims) {
  Bytes text;
  for (const int64_t dim : dims) AppendU64Le(text, static_cast<uint64_t>(dim));
  return ShortHash(text);
}

// Initializers and what nodes hold, wherever they are. ReadModel bounds the depth.
class WeightsGatherer {
 public:
  void VisitGraph(const onnx::Graph& graph) {
    for (const onnx::TensorRecord& tensor : graph.initializers) Take(tensor, tensor.name);
    VisitNodes(graph.nodes);
  }

  void VisitNodes(const std::vector<onnx::Node>& nodes) {
    for (const onnx::Node& node : nodes) {
      for (const onnx::Attribute& attribute : node.attributes) VisitAttribute(node, attribute);
    }
  }

  std::vector<Weights> Largest() && {
    std::ranges::stable_sort(weights_, std::ranges::greater(),
                             [](const Weights& weights) { return weights.traits.elements; });
    if (weights_.size() > kMostTensors) weights_.resize(kMostTensors);
    return std::move(weights_);
  }

 private:
  void VisitAttribute(const onnx::Node& node, const onnx::Attribute& attribute) {
    if (const auto* tensors = std::get_if<std::vector<onnx::TensorRecord>>(&attribute.value)) {
      for (const onnx::TensorRecord& tensor : *tensors) {
        const bool is_named = !tensor.name.empty() || node.outputs.empty();
        Take(tensor, is_named ? tensor.name : node.outputs.front());
      }
    }
    for (const onnx::Graph& graph : onnx::Subgraphs(attribute)) VisitGraph(graph);
  }

  void Take(const onnx::TensorRecord& tensor, const std::string& name) {
    Weights weights;
    weights.traits.elements = onnx::ElementCount(tensor.dims);
    if (weights.traits.elements < kLeastElements) return;
    if (std::ranges::find(kNoWeights, tensor.type) != std::end(kNoWeights)) return;
    weights.traits.type = tensor.type;
    weights.traits.name = HashOfName(name);
    weights.traits.shape = HashOfShape(tensor.dims);
    if (tensor.is_external) {
      weights.place = {tensor.location, tensor.external_offset, tensor.external_length};
    } else if (onnx::HasPlainPayload(tensor)) {
      weights.place = {std::nullopt, tensor.payload.begin, tensor.payload.size()};
    }
    weights_.push_back(std::move(weights));
  }

  std::vector<Weights> weights_;
};

}  // namespace

ModelOutline OutlineOf(const onnx::Model& model, const onnx::ModelFacts& facts) {
  ModelOutline outline;
  outline.traits.is_quantised = facts.quantisation.any() || facts.producer_name == "onnx.quantize";
  outline.traits.is_optimised = std::ranges::any_of(
      facts.operators,
      [](const onnx::OperatorUse& use) { return use.domain.starts_with("com.microsoft"); });
  WeightsGatherer gatherer;
  gatherer.VisitGraph(model.graph);
  for (const onnx::Function& function : model.functions) gatherer.VisitNodes(function.nodes);
  for (Weights& weights : std::move(gatherer).Largest()) {
    outline.traits.tensors.push_back(weights.traits);
    outline.places.push_back(std::move(weights.place));
  }
  for (const onnx::ExternalFile& file : facts.external) outline.external.push_back(file.location);
  return outline;
}

uint64_t ShortHash(ByteView data) { return ReadU64Le(Sha256Of(data)); }

Bytes SerializeTraits(const ModelTraits& traits) {
  Bytes bytes(1, kVersion);
  bytes.push_back(static_cast<char>((traits.is_quantised ? kIsQuantised : 0) |
                                    (traits.is_optimised ? kIsOptimised : 0)));
  for (const TensorTraits& tensor : traits.tensors) {
    for (const uint64_t number : {tensor.elements, tensor.name, tensor.shape, tensor.content,
                                  tensor.sketch, tensor.doubtful}) {
      AppendU64Le(bytes, number);
    }
    AppendU32Le(bytes, static_cast<uint32_t>(tensor.type));
  }
  return bytes;
}

absl::StatusOr<ModelTraits> ParseTraits(ByteView bytes) {
  if (bytes.size() < kHeadBytes || bytes[0] != kVersion ||
      (bytes.size() - kHeadBytes) % kTensorBytes != 0 ||
      (bytes.size() - kHeadBytes) / kTensorBytes > kMostTensors) {
    return absl::DataLossError("a model's traits in the catalog are damaged");
  }
  ModelTraits traits;
  traits.is_quantised = (bytes[1] & kIsQuantised) != 0;
  traits.is_optimised = (bytes[1] & kIsOptimised) != 0;
  for (bytes.remove_prefix(kHeadBytes); !bytes.empty(); bytes.remove_prefix(kTensorBytes)) {
    TensorTraits& tensor = traits.tensors.emplace_back();
    size_t offset = 0;
    for (uint64_t* number : {&tensor.elements, &tensor.name, &tensor.shape, &tensor.content,
                             &tensor.sketch, &tensor.doubtful}) {
      *number = ReadU64Le(bytes.substr(offset));
      offset += sizeof(uint64_t);
    }
    tensor.type = static_cast<DataType>(ReadU32Le(bytes.substr(offset)));
  }
  return traits;
}

}  // namespace mreg::registry
