// Finds the partners of tensors that a comparison of graphs left alone.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "schema/onnx/model_diff.h"
#include "schema/onnx/tensor_place.h"

namespace mreg::onnx {

// Makes pairs of tensors that are on one side only, where their bytes are equal, and where one
// holds levels whose values are nearly those of the other, of the same shape. Reads tensors that
// may be equal as a whole, of the others a sample. Errors of reading are passed on.
absl::StatusOr<std::vector<TensorPair>> RejoinTensors(std::vector<TensorPair> pairs,
                                                      const PlaceTensor& before,
                                                      const PlaceTensor& after);

}  // namespace mreg::onnx
