// Two models from one input: what changed is told both ways, each tensor at most once, and nothing
// changed from a model to itself. The first two bytes are the length of the first model.
#include <cstdint>
#include <cstdlib>

#include "schema/onnx/model_diff.h"
#include "schema/onnx/model_reader.h"
#include "schema/onnx/tensor_diff.h"
#include "tests/models/memory_file.h"

namespace {

using mreg::onnx::Model;
using mreg::onnx::ModelDiff;
using mreg::test_models::MemoryFile;

void Require(bool holds) {
  if (!holds) std::abort();
}

void RequireSame(const Model& model) {
  const ModelDiff diff = mreg::onnx::DiffModels(model, model);
  Require(diff.head.empty() && diff.opsets.empty() && diff.metadata.empty());
  Require(diff.inputs.empty() && diff.outputs.empty() && diff.nodes.empty());
}

MemoryFile FileOf(const uint8_t* data, size_t size) {
  return MemoryFile(mreg::Bytes(reinterpret_cast<const char*>(data), size));
}

mreg::onnx::PlaceTensor PlaceIn(const MemoryFile& file) {
  return [&file](const mreg::onnx::TensorRecord& tensor) {
    return mreg::onnx::PlaceInModel(file, tensor);
  };
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t length = data[0] | static_cast<size_t>(data[1]) << 8;
  data += 2;
  size -= 2;
  if (length > size) return 0;
  const MemoryFile file_before = FileOf(data, length);
  const auto before = mreg::onnx::ReadModel(file_before);
  if (!before.ok()) return 0;
  RequireSame(*before);
  const MemoryFile file_after = FileOf(data + length, size - length);
  const auto after = mreg::onnx::ReadModel(file_after);
  if (!after.ok()) return 0;
  const ModelDiff there = mreg::onnx::DiffModels(*before, *after);
  const ModelDiff back = mreg::onnx::DiffModels(*after, *before);
  Require(there.head.size() == back.head.size() && there.inputs.size() == back.inputs.size());
  for (const mreg::onnx::TensorPair& pair : there.tensors) {
    Require(pair.before != nullptr || pair.after != nullptr);
  }
  const auto tensors =
      mreg::onnx::DiffTensors(there.tensors, PlaceIn(file_before), PlaceIn(file_after));
  if (tensors.ok()) Require(tensors->changes.size() <= there.tensors.size());
  return 0;
}
