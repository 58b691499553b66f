// How a file is put together from chunks. Specification: docs/formats/recipe.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "schema/base/bytes.h"
#include "schema/base/ids.h"
#include "schema/onnx/wire_scanner.h"

namespace mreg::v1 {
class Recipe;
}

namespace mreg::content {

struct RecipeChunk {
  ChunkId id;
  uint32_t length = 0;      // plain bytes
  onnx::DataType type = 0;  // of the elements inside; 0: plain bytes
};

// `length` bytes of the file come from chunk number `chunk`, from its byte `offset` on.
struct Span {
  uint32_t chunk = 0;
  uint32_t offset = 0;
  uint32_t length = 0;
};

// Spans `first_span` and following are the whole of a tensor.
struct TensorSpans {
  std::string name;
  uint32_t first_span = 0;
  uint32_t count = 0;
};

// A tensor as it is stored.
struct StoredTensor {
  onnx::DataType type = 0;
  uint64_t length = 0;  // bytes
  std::vector<ChunkId> chunks;
};

// The spans' bytes, one behind the other, are the file.
struct Recipe {
  ArtifactId artifact;
  uint64_t size = 0;                // bytes
  std::vector<RecipeChunk> chunks;  // distinct, in the order of their first use
  std::vector<Span> spans;
  std::vector<TensorSpans> tensors;  // hints; names need not be distinct
  // That the file was put together once and hashed to `artifact`. What travels is not believed.
  bool is_proved = true;
};

// `spans` is one of the recipe's tensors.
StoredTensor TensorOf(const Recipe& recipe, const TensorSpans& spans);

// Where a tensor's bytes lie in the file.
struct TensorRange {
  std::string name;
  onnx::DataType type = 0;
  uint64_t offset = 0;  // from the file's start
  uint64_t length = 0;  // bytes
};

// Those that the recipe knows of, in its order.
std::vector<TensorRange> TensorRangesOf(const Recipe& recipe);

// Without is_proved.
v1::Recipe ToProto(const Recipe& recipe);

// InvalidArgument unless the spans lie inside their chunks and add up to the size. Whether the
// bytes hash to `artifact` is not looked at: see ContentStore::Verify.
absl::StatusOr<Recipe> FromProto(const v1::Recipe& proto);

// With is_proved, for the index.
Bytes SerializeRecipe(const Recipe& recipe);
absl::StatusOr<Recipe> ParseRecipe(ByteView bytes);

}  // namespace mreg::content
