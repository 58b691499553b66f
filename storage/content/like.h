// Stored chunks that a piece of a tensor is likely to be like. Internal to storage/content.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "schema/base/ids.h"
#include "storage/content/codec.h"
#include "storage/content/recipe.h"

namespace mreg::content {

class ContentStore;

struct Like {
  std::vector<ChunkId> chunks;
  onnx::DataType type = 0;  // of their elements
  uint32_t skip = 0;        // elements, as in Base
  Place place;              // of the piece itself
  bool is_transposed = false;
};

// A tensor that another is like.
struct Alike {
  StoredTensor tensor;
  bool is_transposed = false;  // a matrix that is like the other the other way round
};

// The chunks of `alike` that hold the elements of the piece that begins `offset` bytes into a
// tensor of `type` and `dims` (empty: unknown): several if they are wider there, a part of one if
// they are narrower, all if it is transposed.
Like PieceOf(const Alike& alike, onnx::DataType type, uint64_t offset,
             std::span<const int64_t> dims);

// As EncodeBeside, or as Encode where there is nothing in `store` that can be a base.
StoredChunk EncodeLike(const ContentStore& store, const ChunkId& id, const Bytes& plain,
                       onnx::DataType type, const Like& like);

}  // namespace mreg::content
