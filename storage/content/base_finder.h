// Finds, in files that are alike, the tensors that those of a new file can be differences to.
// Internal to storage/content.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/content/recipe.h"
#include "storage/content/segmenter.h"

namespace mreg::content {

// For one new file, whose tensors are asked for in order. Not thread-safe.
class BaseFinder {
 public:
  // Files that were added first are preferred.
  void Add(const Recipe& recipe);

  // The tensor that `region` is likely to be like, or to have been computed from; null if there is
  // none. One of its name and type; one of its name (or of its name without the "_quantized" that
  // ONNX Runtime's quantiser adds) from whose type its own can follow; else, since exporters
  // rename, the next one of its type and length that nobody was given, or of as many elements.
  // Whether they are alike is for the encoder to see. Valid until the next Add.
  const StoredTensor* Find(const Region& region);

 private:
  using Shape = std::pair<onnx::DataType, uint64_t>;  // type and elements

  std::optional<size_t> FindByName(const Region& region) const;
  std::optional<size_t> FindByShape(const Shape& shape) const;

  std::vector<StoredTensor> tensors_;
  std::vector<bool> used_;
  std::map<std::pair<std::string, onnx::DataType>, size_t> by_name_;
  std::map<Shape, std::vector<size_t>> by_shape_;
};

}  // namespace mreg::content
