// How tensors changed: which are equal, and by how much the others differ.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "schema/onnx/model_diff.h"
#include "schema/onnx/tensor_place.h"

namespace mreg::onnx {

// Of values, element by element: those after less those before. Levels count as the values that
// their scale and zero point make of them. Numbers that are not finite count in `changed` and
// `not_finite` alone.
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

// Leaves out what is equal and has the same name. Tensors without a partner become pairs as
// RejoinTensors has it. Reads in blocks, several tensors at a time; what differs is read again
// for the statistics. Reading errors are passed on; Aborted if a file is shorter than the places
// say.
absl::StatusOr<TensorDiff> DiffTensors(const std::vector<TensorPair>& pairs,
                                       const PlaceTensor& before, const PlaceTensor& after);

}  // namespace mreg::onnx
