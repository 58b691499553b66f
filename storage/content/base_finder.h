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

  // The chunks of the tensor that `tensor` is likely to be like, piece by piece; empty if there is
  // none. One of its name and type; else, since exporters rename, the next one of its type and
  // length that nobody has asked for. Whether they are alike is for the encoder to see.
  std::vector<ChunkId> Find(const Region& tensor);

 private:
  struct Candidate {
    onnx::DataType type = 0;
    uint64_t length = 0;
    std::vector<ChunkId> chunks;
    bool used = false;
  };
  std::vector<Candidate> candidates_;
  std::map<std::pair<std::string, onnx::DataType>, size_t> by_name_;
  std::map<std::pair<onnx::DataType, uint64_t>, std::vector<size_t>> by_shape_;
};

}  // namespace mreg::content
