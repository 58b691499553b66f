#include "storage/content/like.h"

#include "storage/content/content_store.h"
#include "storage/content/encoding/element.h"
#include "storage/content/segmenter.h"

namespace mreg::content {

// Widths and pieces are powers of two, so no element lies in two chunks.
Like PieceOf(const StoredTensor& tensor, onnx::DataType type, uint64_t offset,
             std::span<const int64_t> dims) {
  const uint64_t each = encoding::CountElements(tensor.type, kTensorPiece);
  const uint64_t begin = encoding::CountElements(type, offset);
  const uint64_t end = begin + encoding::CountElements(type, kTensorPiece);
  if (each == 0) return {};
  Like like{{},
            tensor.type,
            static_cast<uint32_t>(begin % each),
            {std::vector(dims.begin(), dims.end()), begin}};
  for (size_t i = begin / each; i < tensor.chunks.size() && i * each < end; ++i) {
    like.chunks.push_back(tensor.chunks[i]);
  }
  return like;
}

StoredChunk EncodeLike(const ContentStore& store, const ChunkId& id, const Bytes& plain,
                       onnx::DataType type, const Like& like) {
  if (!like.chunks.empty()) {
    // One that cannot be read is no base, and no reason to refuse a file.
    const uint64_t elements = encoding::CountElements(type, plain.size());
    const auto base = store.FindBase(like.chunks, like.type, {like.skip, elements});
    if (base.ok() && *base) return EncodeBeside(id, plain, type, **base, like.place);
  }
  return Encode(id, plain, type);
}

}  // namespace mreg::content
