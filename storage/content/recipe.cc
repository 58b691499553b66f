#include "storage/content/recipe.h"

#include <fmt/format.h>

#include <utility>

#include "mreg/v1/recipe.pb.h"
#include "schema/base/status.h"
#include "storage/content/codec.h"

namespace mreg::content {
namespace {

absl::Status Malformed(std::string_view what) {
  return absl::InvalidArgumentError(fmt::format("not a valid recipe: {}", what));
}

absl::Status ReadChunks(const v1::Recipe& proto, Recipe& recipe) {
  const size_t count = static_cast<size_t>(proto.chunk_lengths_size());
  if (proto.chunk_ids().size() != count * ChunkId::kBytes ||
      proto.chunk_types_size() != proto.chunk_lengths_size()) {
    return Malformed("its chunk columns differ in length");
  }
  recipe.chunks.resize(count);
  for (size_t i = 0; i < count; ++i) {
    const int row = static_cast<int>(i);
    const ByteView id = ByteView(proto.chunk_ids()).substr(i * ChunkId::kBytes, ChunkId::kBytes);
    recipe.chunks[i] = {*ChunkId::FromBytes(id), proto.chunk_lengths(row),
                        static_cast<onnx::DataType>(proto.chunk_types(row))};
    if (recipe.chunks[i].length == 0 || recipe.chunks[i].length > kMaxChunkBytes) {
      return Malformed("a chunk has an impossible length");
    }
  }
  return absl::OkStatus();
}

absl::Status ReadSpans(const v1::Recipe& proto, Recipe& recipe) {
  const int count = proto.span_chunks_size();
  if (proto.span_offsets_size() != count || proto.span_lengths_size() != count) {
    return Malformed("its span columns differ in length");
  }
  uint64_t total = 0;
  recipe.spans.resize(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    const Span span{proto.span_chunks(i), proto.span_offsets(i), proto.span_lengths(i)};
    if (span.chunk >= recipe.chunks.size()) return Malformed("a span names no chunk");
    const uint64_t end = uint64_t{span.offset} + span.length;
    if (span.length == 0 || end > recipe.chunks[span.chunk].length) {
      return Malformed("a span leaves its chunk");
    }
    total += span.length;
    recipe.spans[static_cast<size_t>(i)] = span;
  }
  if (total != recipe.size) return Malformed("its spans do not add up to the file's size");
  return absl::OkStatus();
}

absl::Status ReadTensors(const v1::Recipe& proto, Recipe& recipe) {
  const int count = proto.tensor_names_size();
  if (proto.tensor_spans_size() != count || proto.tensor_span_counts_size() != count) {
    return Malformed("its tensor columns differ in length");
  }
  for (int i = 0; i < count; ++i) {
    TensorSpans tensor{proto.tensor_names(i), proto.tensor_spans(i), proto.tensor_span_counts(i)};
    if (uint64_t{tensor.first_span} + tensor.count > recipe.spans.size()) {
      return Malformed("a tensor has spans that are not there");
    }
    recipe.tensors.push_back(std::move(tensor));
  }
  return absl::OkStatus();
}

}  // namespace

StoredTensor TensorOf(const Recipe& recipe, const TensorSpans& spans) {
  StoredTensor tensor;
  for (uint32_t i = 0; i < spans.count; ++i) {
    const Span& span = recipe.spans[spans.first_span + i];
    const RecipeChunk& chunk = recipe.chunks[span.chunk];
    tensor.type = chunk.type;
    tensor.length += span.length;
    tensor.chunks.push_back(chunk.id);
  }
  return tensor;
}

std::vector<TensorRange> TensorRangesOf(const Recipe& recipe) {
  std::vector<uint64_t> begins = {0};  // of the spans; the last is the file's end
  for (const Span& span : recipe.spans) begins.push_back(begins.back() + span.length);
  std::vector<TensorRange> ranges;
  for (const TensorSpans& tensor : recipe.tensors) {
    if (tensor.count == 0) continue;
    const uint64_t offset = begins[tensor.first_span];
    ranges.push_back({tensor.name, recipe.chunks[recipe.spans[tensor.first_span].chunk].type,
                      offset, begins[tensor.first_span + tensor.count] - offset});
  }
  return ranges;
}

v1::Recipe ToProto(const Recipe& recipe) {
  v1::Recipe proto;
  proto.set_artifact(std::string(recipe.artifact.bytes()));
  proto.set_size(recipe.size);
  proto.mutable_chunk_ids()->reserve(recipe.chunks.size() * ChunkId::kBytes);
  for (const RecipeChunk& chunk : recipe.chunks) {
    proto.mutable_chunk_ids()->append(chunk.id.bytes());
    proto.add_chunk_lengths(chunk.length);
    proto.add_chunk_types(static_cast<uint32_t>(chunk.type));
  }
  for (const Span& span : recipe.spans) {
    proto.add_span_chunks(span.chunk);
    proto.add_span_offsets(span.offset);
    proto.add_span_lengths(span.length);
  }
  for (const TensorSpans& tensor : recipe.tensors) {
    proto.add_tensor_names(tensor.name);
    proto.add_tensor_spans(tensor.first_span);
    proto.add_tensor_span_counts(tensor.count);
  }
  return proto;
}

absl::StatusOr<Recipe> FromProto(const v1::Recipe& proto) {
  Recipe recipe;
  MREG_ASSIGN_OR_RETURN(recipe.artifact, ArtifactId::FromBytes(proto.artifact()));
  recipe.size = proto.size();
  MREG_RETURN_IF_ERROR(ReadChunks(proto, recipe));
  MREG_RETURN_IF_ERROR(ReadSpans(proto, recipe));
  MREG_RETURN_IF_ERROR(ReadTensors(proto, recipe));
  return recipe;
}

Bytes SerializeRecipe(const Recipe& recipe) {
  v1::Recipe proto = ToProto(recipe);
  proto.set_unproved(!recipe.is_proved);
  return proto.SerializeAsString();
}

absl::StatusOr<Recipe> ParseRecipe(ByteView bytes) {
  v1::Recipe proto;
  if (!proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Malformed("it cannot be parsed");
  }
  MREG_ASSIGN_OR_RETURN(Recipe recipe, FromProto(proto));
  recipe.is_proved = !proto.unproved();
  return recipe;
}

}  // namespace mreg::content
