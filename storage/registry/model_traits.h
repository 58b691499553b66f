// By what models are told to be made of one another: docs/formats/lineage.md. Internal to
// storage/registry.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "schema/base/bytes.h"
#include "schema/onnx/model.h"
#include "schema/onnx/model_facts.h"

namespace mreg::registry {

// Of a model's weights the largest count, in the order of the file where they are as large.
inline constexpr size_t kMostTensors = 128;

struct TensorTraits {
  uint64_t elements = 0;
  onnx::DataType type = 0;
  uint64_t name = 0;   // hash; without what quantisers append
  uint64_t shape = 0;  // hash
  // Of the bytes; 0 where they are not known or tell nothing, as all zeros and small tables do.
  uint64_t content = 0;
  uint64_t sketch = 0;    // means nothing where content is 0
  uint64_t doubtful = 0;  // as in encoding::Sketch
  bool operator==(const TensorTraits&) const = default;
};

struct ModelTraits {
  bool is_quantised = false;
  bool is_optimised = false;          // has operators into which a runtime fused others
  std::vector<TensorTraits> tensors;  // the largest first
  bool operator==(const ModelTraits&) const = default;
};

// Where the bytes of a tensor lie.
struct TensorLocation {
  std::optional<std::string> location;  // as the model writes it; nothing: in the model itself
  uint64_t offset = 0;                  // in that file
  uint64_t length = 0;                  // bytes; 0: unknown, or not as plain bytes
};

// What a model without its weights tells. `places` are of its tensors, one by one.
struct ModelOutline {
  ModelTraits traits;
  std::vector<TensorLocation> places;
  std::vector<std::string> external;  // locations of all external data, sorted
};
ModelOutline OutlineOf(const onnx::Model& model, const onnx::ModelFacts& facts);

// The first 8 bytes of SHA-256, little-endian.
uint64_t ShortHash(ByteView data);

Bytes SerializeTraits(const ModelTraits& traits);
// DataLoss for what SerializeTraits did not make.
absl::StatusOr<ModelTraits> ParseTraits(ByteView bytes);

}  // namespace mreg::registry
