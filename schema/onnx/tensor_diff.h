// How tensors changed: which are equal, and by how much the others differ.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "schema/base/file_system.h"
#include "schema/onnx/model_diff.h"

namespace mreg::onnx {

// Where a tensor's bytes lie.
struct TensorPlace {
  const ReadableFile* file = nullptr;
  uint64_t offset = 0;
  uint64_t length = 0;
  // Equal bytes where these are equal, and not empty; where they are not, nothing is known.
  std::string identity;
};

// Nothing for a tensor whose bytes cannot be read: in a file that is not here. Called from several
// threads.
using PlaceTensor = std::function<absl::StatusOr<std::optional<TensorPlace>>(const TensorRecord&)>;

// The payload in the model's own file, without identity; nothing for one that lies elsewhere or
// in several fields. `file` outlives the place.
std::optional<TensorPlace> PlaceInModel(const ReadableFile& file, const TensorRecord& tensor);

// Of values, element by element: those after less those before. Numbers that are not finite count
// in `changed` and `not_finite` alone.
struct ChangeStatistics {
  uint64_t elements = 0;
  uint64_t changed = 0;     // whose bytes differ; where types differ, whose values do
  uint64_t not_finite = 0;  // that are infinite or no number, on either side
  double max = 0;           // of the differences' magnitudes
  double mean = 0;          // of those, over all elements
  double relative = 0;      // the differences' norm by that before; 0 where that is 0
};

struct TensorChange {
  enum class Kind : uint8_t {
    kAdded,
    kRemoved,
    kRenamed,  // equal
    kChanged,
    kUnknown  // whether it changed: its bytes are not here
  };

  Kind kind = Kind::kChanged;
  TensorPair pair;
  // Where types have numbers for values and shapes differ in the number of rows at most; then of
  // the rows that both have.
  std::optional<ChangeStatistics> statistics;
};

// `changes` in the order of the pairs, and what they are part of.
struct TensorDiff {
  std::vector<TensorChange> changes;
  uint64_t tensors = 0;           // after
  uint64_t elements = 0;          // that were compared
  uint64_t changed_elements = 0;  // of those
};

// Leaves out what is equal and has the same name. Tensors without a partner become pairs where
// their bytes are equal. Reads in blocks, several tensors at a time; what differs is read again
// for the statistics. Reading errors are passed on; Aborted if a file is shorter than the places
// say.
absl::StatusOr<TensorDiff> DiffTensors(const std::vector<TensorPair>& pairs,
                                       const PlaceTensor& before, const PlaceTensor& after);

}  // namespace mreg::onnx
