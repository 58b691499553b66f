#include "storage/content/base_finder.h"

namespace mreg::content {

void BaseFinder::Add(const Recipe& recipe) {
  for (const TensorSpans& tensor : recipe.tensors) {
    Candidate candidate;
    for (uint32_t i = 0; i < tensor.count; ++i) {
      const Span& span = recipe.spans[tensor.first_span + i];
      const RecipeChunk& chunk = recipe.chunks[span.chunk];
      candidate.type = chunk.type;
      candidate.length += span.length;
      candidate.chunks.push_back(chunk.id);
    }
    const size_t number = candidates_.size();
    by_name_.emplace(std::pair(tensor.name, candidate.type), number);
    by_shape_[{candidate.type, candidate.length}].push_back(number);
    candidates_.push_back(std::move(candidate));
  }
}

std::vector<ChunkId> BaseFinder::Find(const Region& tensor) {
  std::optional<size_t> found;
  if (const auto named = by_name_.find({tensor.tensor, tensor.type}); named != by_name_.end()) {
    found = named->second;
  } else if (const auto shaped = by_shape_.find({tensor.type, tensor.length});
             shaped != by_shape_.end()) {
    for (const size_t number : shaped->second) {
      if (candidates_[number].used) continue;
      found = number;
      break;
    }
  }
  if (!found) return {};
  candidates_[*found].used = true;
  return candidates_[*found].chunks;
}

}  // namespace mreg::content
