// Two models from one input: what changed is told both ways, and nothing changed from a model to
// itself. The first two bytes are the length of the first model.
#include <cstdint>
#include <cstdlib>

#include "schema/onnx/model_diff.h"
#include "schema/onnx/model_reader.h"
#include "tests/models/memory_file.h"

namespace {

using mreg::onnx::Model;
using mreg::onnx::ModelDiff;

void Require(bool holds) {
  if (!holds) std::abort();
}

void RequireSame(const Model& model) {
  const ModelDiff diff = mreg::onnx::DiffModels(model, model);
  Require(diff.head.empty() && diff.opsets.empty() && diff.metadata.empty());
  Require(diff.inputs.empty() && diff.outputs.empty() && diff.nodes.empty());
}

absl::StatusOr<Model> Read(const uint8_t* data, size_t size) {
  const mreg::test_models::MemoryFile file(mreg::Bytes(reinterpret_cast<const char*>(data), size));
  return mreg::onnx::ReadModel(file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t length = data[0] | static_cast<size_t>(data[1]) << 8;
  data += 2;
  size -= 2;
  if (length > size) return 0;
  const auto before = Read(data, length);
  if (!before.ok()) return 0;
  RequireSame(*before);
  const auto after = Read(data + length, size - length);
  if (!after.ok()) return 0;
  const ModelDiff there = mreg::onnx::DiffModels(*before, *after);
  const ModelDiff back = mreg::onnx::DiffModels(*after, *before);
  Require(there.head.size() == back.head.size() && there.inputs.size() == back.inputs.size());
  for (const mreg::onnx::TensorPair& pair : there.tensors) {
    Require(pair.before != nullptr || pair.after != nullptr);
  }
  return 0;
}
