#include "tests/models/model_edits.h"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/models/weights.h"

namespace mreg::test_models {
namespace {

using ONNX_NAMESPACE::ModelProto;
using ONNX_NAMESPACE::TensorProto;

constexpr size_t kMinExternalBytes = 1 << 10;

ModelProto Parse(ByteView bytes) {
  ModelProto model;
  if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) std::abort();
  return model;
}

void AddExternalEntry(TensorProto& tensor, const std::string& key, std::string value) {
  auto& entry = *tensor.add_external_data();
  entry.set_key(key);
  entry.set_value(std::move(value));
}

void MoveOut(TensorProto& tensor, std::string_view location, uint64_t alignment, Bytes& data) {
  data.resize((data.size() + alignment - 1) / alignment * alignment);
  AddExternalEntry(tensor, "location", std::string(location));
  AddExternalEntry(tensor, "offset", fmt::to_string(data.size()));
  AddExternalEntry(tensor, "length", fmt::to_string(tensor.raw_data().size()));
  data += tensor.raw_data();
  tensor.clear_raw_data();
  tensor.set_data_location(TensorProto::EXTERNAL);
}

float Deviation(const std::vector<float>& weights) {
  double sum = 0, squares = 0;
  for (const float weight : weights) sum += weight, squares += double{weight} * weight;
  const auto count = static_cast<double>(weights.size());
  return static_cast<float>(std::sqrt(squares / count - sum / count * (sum / count)));
}

// Changes the weights from the `begin`th on.
void AddNoise(TensorProto& tensor, size_t begin, float relative_sigma, NormalNumbers& numbers) {
  const ParameterType type =
      tensor.data_type() == TensorProto::FLOAT ? ParameterType::kFloat32 : ParameterType::kFloat16;
  std::vector<float> weights = DecodeWeights(tensor.raw_data(), type);
  const float sigma = relative_sigma * Deviation(weights);
  for (size_t i = begin; i < weights.size(); ++i) weights[i] += numbers.Next(0, sigma);
  tensor.set_raw_data(EncodeWeights(weights, type));
}

// Elements of a tensor whose weights FineTune may change; 0 of any other.
size_t WeightCount(const TensorProto& tensor) {
  if (tensor.data_type() == TensorProto::FLOAT) return tensor.raw_data().size() / 4;
  return tensor.data_type() == TensorProto::FLOAT16 ? tensor.raw_data().size() / 2 : 0;
}

}  // namespace

Bytes EditMetadata(ByteView bytes, std::string_view key, std::string_view value) {
  ModelProto model = Parse(bytes);
  for (auto& entry : *model.mutable_metadata_props()) {
    if (entry.key() != key) continue;
    entry.set_value(std::string(value));
    return model.SerializeAsString();
  }
  auto& entry = *model.add_metadata_props();
  entry.set_key(std::string(key));
  entry.set_value(std::string(value));
  return model.SerializeAsString();
}

Bytes RenameInitializers(ByteView bytes, std::string_view prefix) {
  ModelProto model = Parse(bytes);
  std::set<std::string> names;
  for (auto& tensor : *model.mutable_graph()->mutable_initializer()) {
    names.insert(tensor.name());
    tensor.set_name(fmt::format("{}{}", prefix, tensor.name()));
  }
  for (auto& node : *model.mutable_graph()->mutable_node()) {
    for (std::string& input : *node.mutable_input()) {
      if (names.contains(input)) input = fmt::format("{}{}", prefix, input);
    }
  }
  return model.SerializeAsString();
}

Bytes ReorderInitializers(ByteView bytes, uint64_t seed) {
  ModelProto model = Parse(bytes);
  auto& tensors = *model.mutable_graph()->mutable_initializer();
  NormalNumbers numbers(seed);
  for (int i = tensors.size() - 1; i > 0; --i) {
    const uint64_t other = numbers.NextBits() % (static_cast<uint64_t>(i) + 1);
    tensors.SwapElements(i, static_cast<int>(other));
  }
  return model.SerializeAsString();
}

Bytes InsertTensor(ByteView bytes, std::string_view name, uint64_t elements, uint64_t seed) {
  ModelProto model = Parse(bytes);
  auto& tensors = *model.mutable_graph()->mutable_initializer();
  TensorProto& tensor = *tensors.Add();
  tensor.set_name(std::string(name));
  tensor.set_data_type(TensorProto::FLOAT16);
  tensor.add_dims(static_cast<int64_t>(elements));
  NormalNumbers numbers(seed);
  std::vector<float> weights(elements);
  for (float& weight : weights) weight = numbers.Next(0, .02f);
  tensor.set_raw_data(EncodeWeights(weights, ParameterType::kFloat16));
  for (int i = tensors.size() - 1; i > tensors.size() / 2; --i) tensors.SwapElements(i, i - 1);
  return model.SerializeAsString();
}

SplitModel MoveToExternalFile(ByteView bytes, std::string_view location, uint64_t alignment) {
  ModelProto model = Parse(bytes);
  SplitModel split;
  for (auto& tensor : *model.mutable_graph()->mutable_initializer()) {
    if (tensor.raw_data().size() < kMinExternalBytes) continue;
    MoveOut(tensor, location, alignment, split.data);
  }
  split.model = model.SerializeAsString();
  return split;
}

Bytes FineTune(ByteView bytes, double fraction, double relative_sigma, uint64_t seed) {
  ModelProto model = Parse(bytes);
  auto& tensors = *model.mutable_graph()->mutable_initializer();
  size_t total = 0;
  for (const TensorProto& tensor : tensors) total += WeightCount(tensor);
  auto left = static_cast<size_t>(static_cast<double>(total) * fraction);
  NormalNumbers numbers(seed);
  for (int i = tensors.size() - 1; i >= 0 && left > 0; --i) {
    const size_t count = WeightCount(tensors[i]);
    const size_t changed = std::min(count, left);
    if (changed == 0) continue;
    AddNoise(tensors[i], count - changed, static_cast<float>(relative_sigma), numbers);
    left -= changed;
  }
  return model.SerializeAsString();
}

Bytes AddNode(ByteView bytes) {
  ModelProto model = Parse(bytes);
  auto& graph = *model.mutable_graph();
  const std::string output = graph.output(0).name();
  for (auto& node : *graph.mutable_node()) {
    for (std::string& name : *node.mutable_output()) {
      if (name == output) name += "_inner";
    }
  }
  auto& node = *graph.add_node();
  node.set_op_type("Identity");
  node.add_input(output + "_inner");
  node.add_output(output);
  return model.SerializeAsString();
}

Bytes GrowVocabulary(ByteView bytes, int64_t rows, uint64_t seed) {
  ModelProto model = Parse(bytes);
  for (auto& tensor : *model.mutable_graph()->mutable_initializer()) {
    if (tensor.data_type() != TensorProto::FLOAT || tensor.dims_size() != 2) continue;
    tensor.mutable_raw_data()->append(
        NormalFloats(static_cast<size_t>(rows * tensor.dims(1)), seed));
    tensor.set_dims(0, tensor.dims(0) + rows);
    break;
  }
  return model.SerializeAsString();
}

Bytes CastToBfloat16(ByteView bytes) {
  ModelProto model = Parse(bytes);
  for (auto& tensor : *model.mutable_graph()->mutable_initializer()) {
    if (tensor.data_type() != TensorProto::FLOAT) continue;
    Bytes words;
    for (const float weight : DecodeWeights(tensor.raw_data(), ParameterType::kFloat32)) {
      const auto bits = std::bit_cast<uint32_t>(weight);
      const uint32_t rounded = bits + 0x7fff + (bits >> 16 & 1);  // to the even one of two as near
      words.push_back(static_cast<char>(rounded >> 16));
      words.push_back(static_cast<char>(rounded >> 24));
    }
    tensor.set_raw_data(words);
    tensor.set_data_type(TensorProto::BFLOAT16);
  }
  return model.SerializeAsString();
}

Bytes CastToHalf(ByteView bytes) {
  ModelProto model = Parse(bytes);
  for (auto& tensor : *model.mutable_graph()->mutable_initializer()) {
    if (tensor.data_type() != TensorProto::FLOAT) continue;
    tensor.set_raw_data(EncodeWeights(DecodeWeights(tensor.raw_data(), ParameterType::kFloat32),
                                      ParameterType::kFloat16));
    tensor.set_data_type(TensorProto::FLOAT16);
  }
  return model.SerializeAsString();
}

namespace {

constexpr int kInt4 = 22;  // newer than the library's own numbers

// How weights of rows by columns are quantised, with scales for each column.
struct Quantiser {
  int type;
  int most;       // highest level, and lowest but for the sign
  int64_t block;  // rows that share a scale; 0: all
};

void AddScales(ONNX_NAMESPACE::GraphProto& graph, const TensorProto& weights,
               const Quantiser& quantiser, std::span<const float> scales) {
  TensorProto& tensor = *graph.add_initializer();
  tensor.set_name(weights.name() + "_scale");
  tensor.set_data_type(TensorProto::FLOAT);
  if (quantiser.block != 0) {
    tensor.add_dims((weights.dims(0) + quantiser.block - 1) / quantiser.block);
  }
  tensor.add_dims(weights.dims(1));
  tensor.set_raw_data(Bytes(reinterpret_cast<const char*>(scales.data()), scales.size_bytes()));
}

Bytes PackLevels(const std::vector<int>& levels, const Quantiser& quantiser) {
  Bytes packed;
  if (quantiser.type != kInt4) return Bytes(levels.begin(), levels.end());
  for (size_t i = 0; i < levels.size(); i += 2) {
    const int second = i + 1 < levels.size() ? levels[i + 1] : 0;
    packed.push_back(static_cast<char>((levels[i] & 15) | (second & 15) << 4));
  }
  return packed;
}

void QuantiseTensor(ONNX_NAMESPACE::GraphProto& graph, int number, const Quantiser& quantiser) {
  TensorProto& tensor = *graph.mutable_initializer(number);
  const std::string name = tensor.name();
  const auto rows = static_cast<size_t>(tensor.dims(0));
  const auto columns = static_cast<size_t>(tensor.dims(1));
  const size_t block = quantiser.block == 0 ? rows : static_cast<size_t>(quantiser.block);
  const auto weights = DecodeWeights(tensor.raw_data(), ParameterType::kFloat32);
  std::vector<float> scales((rows + block - 1) / block * columns);
  const auto scale_of = [&](size_t i) -> float& {
    return scales[i / columns / block * columns + i % columns];
  };
  for (size_t i = 0; i < weights.size(); ++i) {
    scale_of(i) = std::max(scale_of(i), std::abs(weights[i]) / static_cast<float>(quantiser.most));
  }
  std::vector<int> levels(weights.size());
  for (size_t i = 0; i < weights.size(); ++i) {
    const float scale = scale_of(i);
    levels[i] = scale == 0 ? 0 : static_cast<int>(std::lrint(weights[i] / scale));
  }
  AddScales(graph, tensor, quantiser, scales);
  TensorProto& changed = *graph.mutable_initializer(number);  // the list has grown
  changed.set_name(name + "_quantized");
  changed.set_data_type(quantiser.type);
  changed.set_raw_data(PackLevels(levels, quantiser));
  auto& node = *graph.add_node();
  node.set_op_type("DequantizeLinear");
  node.add_input(name + "_quantized");
  node.add_input(name + "_scale");
  node.add_output(name);
  const auto add_attribute = [&node](const char* key, int64_t value) {
    auto& attribute = *node.add_attribute();
    attribute.set_name(key);
    attribute.set_type(ONNX_NAMESPACE::AttributeProto::INT);
    attribute.set_i(value);
  };
  add_attribute("axis", quantiser.block == 0 ? 1 : 0);
  if (quantiser.block != 0) add_attribute("block_size", quantiser.block);
}

// The new nodes come first, since nodes are in the order of their use.
void PutDequantisersFirst(ONNX_NAMESPACE::GraphProto& graph) {
  auto& nodes = *graph.mutable_node();
  std::stable_partition(nodes.pointer_begin(), nodes.pointer_end(),
                        [](const auto* node) { return node->op_type() == "DequantizeLinear"; });
}

ModelProto QuantiseWith(ByteView bytes, const Quantiser& quantiser) {
  ModelProto model = Parse(bytes);
  auto& graph = *model.mutable_graph();
  const int count = graph.initializer_size();
  for (int i = 0; i < count; ++i) {
    const TensorProto& tensor = graph.initializer(i);
    if (tensor.data_type() != TensorProto::FLOAT || tensor.dims_size() != 2) continue;
    QuantiseTensor(graph, i, quantiser);
  }
  PutDequantisersFirst(graph);
  return model;
}

}  // namespace

Bytes Quantise(ByteView bytes) {
  ModelProto model = Parse(bytes);
  auto& graph = *model.mutable_graph();
  const int count = graph.initializer_size();
  for (int i = 0; i < count; ++i) {
    TensorProto& tensor = *graph.mutable_initializer(i);
    if (tensor.data_type() != TensorProto::FLOAT || tensor.dims_size() != 2) continue;
    const std::string name = tensor.name();
    const auto weights = DecodeWeights(tensor.raw_data(), ParameterType::kFloat32);
    float highest = 0;
    for (const float weight : weights) highest = std::max(highest, std::abs(weight));
    const float scale = highest / 127;
    Bytes levels;
    for (const float weight : weights) {
      levels.push_back(static_cast<char>(std::lrint(weight / scale)));
    }
    tensor.set_name(name + "_quantized");
    tensor.set_data_type(TensorProto::INT8);
    tensor.set_raw_data(levels);
    TensorProto& scale_tensor = *graph.add_initializer();
    scale_tensor.set_name(name + "_scale");
    scale_tensor.set_data_type(TensorProto::FLOAT);
    scale_tensor.add_float_data(scale);
    TensorProto& zero_point = *graph.add_initializer();
    zero_point.set_name(name + "_zero_point");
    zero_point.set_data_type(TensorProto::INT8);
    zero_point.add_int32_data(0);
    auto& node = *graph.add_node();
    node.set_op_type("DequantizeLinear");
    for (const char* const ending : {"_quantized", "_scale", "_zero_point"}) {
      node.add_input(name + ending);
    }
    node.add_output(name);
  }
  PutDequantisersFirst(graph);
  return model.SerializeAsString();
}

Bytes QuantiseColumns(ByteView bytes) {
  return QuantiseWith(bytes, {TensorProto::INT8, 127, 0}).SerializeAsString();
}

Bytes QuantiseBlocks(ByteView bytes) {
  ModelProto model = QuantiseWith(bytes, {kInt4, 7, 32});
  model.set_ir_version(10);
  model.mutable_opset_import(0)->set_version(21);
  return model.SerializeAsString();
}

Bytes Dequantise(ByteView bytes) {
  ModelProto model = Parse(bytes);
  auto& graph = *model.mutable_graph();
  std::map<std::string, float> scales;
  for (const TensorProto& tensor : graph.initializer()) {
    if (tensor.float_data_size() == 1) scales[tensor.name()] = tensor.float_data(0);
  }
  constexpr std::string_view kEnding = "_quantized";
  for (TensorProto& tensor : *graph.mutable_initializer()) {
    if (!tensor.name().ends_with(kEnding)) continue;
    const std::string name = tensor.name().substr(0, tensor.name().size() - kEnding.size());
    std::vector<float> weights;
    for (const char level : tensor.raw_data()) {
      weights.push_back(static_cast<float>(static_cast<signed char>(level)) *
                        scales.at(name + "_scale"));
    }
    tensor.set_name(name);
    tensor.set_data_type(TensorProto::FLOAT);
    tensor.set_raw_data(EncodeWeights(weights, ParameterType::kFloat32));
  }
  auto& nodes = *graph.mutable_node();
  nodes.erase(std::remove_if(nodes.begin(), nodes.end(),
                             [](const auto& node) { return node.op_type() == "DequantizeLinear"; }),
              nodes.end());
  return model.SerializeAsString();
}

}  // namespace mreg::test_models
