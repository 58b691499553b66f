// Which tensors of a store a given one is like, whatever they are called and whoever put them
// there: rows of the table kSketches (docs/formats/index.md). Why it is done so:
// docs/decisions/0009-bases-by-sketch.md.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/content/encoding/sketch.h"
#include "storage/content/recipe.h"
#include "storage/kv/key_value_store.h"

namespace mreg::content {

class ContentStore;

// Whether these may be bases of what is being stored. Empty: any that is here.
using MayUse = std::function<absl::StatusOr<bool>(std::span<const ChunkId> bases)>;

// A tensor of a recipe, by its number there.
struct SketchedTensor {
  uint32_t number = 0;
  uint64_t sketch = 0;
};

// Adds the row by which others find the tensor. It takes the place of one for the same content.
void StageSketch(const Recipe& recipe, const SketchedTensor& tensor, kv::Batch& batch);
// Removes it: the tensor that begins with `first` needs bases from now on.
void StageSketchRemoval(uint64_t sketch, const ChunkId& first, kv::Batch& batch);

// What is asked for.
struct TensorQuery {
  encoding::Sketch sketch;
  onnx::DataType type = 0;
  // Its own first chunk, where it is in the store itself and is not to be found.
  std::optional<ChunkId> itself;
  // In a store of several namespaces the asker's own chunks, or its recipes would tell it what
  // others keep.
  MayUse may_use;
};

// Not thread-safe: the files found last are remembered. `store` outlives it.
class SimilarTensors {
 public:
  explicit SimilarTensors(const ContentStore& store) : store_(store) {}

  // The nearest tensor that the query's elements can be differences to or computed from; of two as
  // near the one of its type. Whether it is like it is for the encoder to see, and what can be a
  // base in its place for ContentStore::FindBase. A lookup costs some ten short scans of the index
  // and a recipe or a few, however many tensors there are.
  absl::StatusOr<std::optional<StoredTensor>> Find(const TensorQuery& query);
  // The same, up to `most` of the nearest, the nearest first.
  absl::StatusOr<std::vector<StoredTensor>> FindSome(const TensorQuery& query, size_t most);

  // The sketch of a stored tensor, whose first chunk is read. Nothing if it has none. NotFound if
  // the chunk is not here.
  absl::StatusOr<std::optional<encoding::Sketch>> SketchOf(const StoredTensor& tensor) const;

  // Enters those of a stored file's tensors whose first chunk needs no base: for files that came
  // from elsewhere, and to rebuild the table. Reads a chunk a tensor, so it is a background's work.
  // Tensors with chunks that are not here are passed over.
  absl::Status Enter(const Recipe& recipe) const;

  // Removes rows whose file is not here any more; they do no harm, but cost lookups. Beside writers
  // it can remove one that was entered anew, which costs a base at the worst.
  absl::Status RemoveStale() const;

 private:
  struct Candidate;
  absl::StatusOr<std::vector<Candidate>> Candidates(const TensorQuery& query) const;
  absl::StatusOr<std::optional<StoredTensor>> Load(const Candidate& candidate);
  // Null if it is not here. Valid until the next call.
  absl::StatusOr<const Recipe*> FileOf(const ArtifactId& artifact);

  const ContentStore& store_;
  std::deque<Recipe> last_;
};

}  // namespace mreg::content
