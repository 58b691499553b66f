// Any bytes: a model is refused or read; its skeleton is the same graph, and its facts are JSON on
// one line.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "schema/onnx/facts_json.h"
#include "schema/onnx/model_reader.h"
#include "schema/onnx/skeleton.h"
#include "tests/models/memory_file.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const mreg::test_models::MemoryFile file(mreg::Bytes(reinterpret_cast<const char*>(data), size));
  const auto model = mreg::onnx::ReadModel(file);
  if (!model.ok()) {
    Require(model.status().code() == absl::StatusCode::kInvalidArgument);
    return 0;
  }
  const auto skeleton = mreg::onnx::MakeSkeleton(file, 1 << 30);
  // It goes into messages that the reader of models passes over.
  if (!skeleton.ok()) {
    Require(absl::IsInvalidArgument(skeleton.status()));
  } else {
    const auto again = mreg::onnx::ReadModel(mreg::test_models::MemoryFile(*skeleton));
    Require(again.ok() && again->graph.nodes.size() == model->graph.nodes.size());
  }
  const std::string json = mreg::onnx::FactsToJson(mreg::onnx::GatherFacts(*model));
  Require(json.find('\n') == std::string::npos && nlohmann::json::accept(json));
  return 0;
}
