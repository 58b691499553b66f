#include "storage/content/like.h"

#include "storage/content/content_store.h"
#include "storage/content/encoding/element.h"
#include "storage/content/segmenter.h"

namespace mreg::content {

// Widths and pieces are powers of two, so no element lies in two chunks.
Like PieceOf(const Alike& alike, onnx::DataType type, uint64_t offset,
             std::span<const int64_t> dims) {
  const StoredTensor& tensor = alike.tensor;
  const uint64_t each = encoding::CountElements(tensor.type, kTensorPiece);
  const uint64_t begin = encoding::CountElements(type, offset);
  const uint64_t end = begin + encoding::CountElements(type, kTensorPiece);
  if (each == 0) return {};
  const Place place{std::vector(dims.begin(), dims.end()), begin};
  if (alike.is_transposed) return {tensor.chunks, tensor.type, 0, place, true};
  Like like{{}, tensor.type, static_cast<uint32_t>(begin % each), place};
  for (size_t i = begin / each; i < tensor.chunks.size() && i * each < end; ++i) {
    like.chunks.push_back(tensor.chunks[i]);
  }
  return like;
}

StoredChunk EncodeLike(const ContentStore& store, const ChunkId& id, const Bytes& plain,
                       onnx::DataType type, const Like& like) {
  if (!like.chunks.empty()) {
    // One that cannot be read is no base, and no reason to refuse a file.
    ElementRange wanted{like.skip, encoding::CountElements(type, plain.size())};
    if (like.is_transposed) wanted = {};
    auto base = store.FindBase(like.chunks, like.type, wanted);
    if (base.ok() && *base) {
      // What is transposed twice is found without either.
      if (like.is_transposed && (*base)->is_transposed) return Encode(id, plain, type);
      (*base)->is_transposed |= like.is_transposed;
      return EncodeBeside(id, plain, type, **base, like.place);
    }
  }
  return Encode(id, plain, type);
}

}  // namespace mreg::content
