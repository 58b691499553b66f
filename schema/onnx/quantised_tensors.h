// Which tensors of a model hold levels, and what makes values of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "schema/onnx/model.h"

namespace mreg::onnx {

// value = (level - zero point) * scale, with those of the tensor, of each index of an axis, or of
// each block of an axis, as ONNX's DequantizeLinear has it.
struct Quantisation {
  const TensorRecord* scale = nullptr;
  const TensorRecord* zero_point = nullptr;  // null: 0
  size_t axis = 0;                           // counts where the scale has more than one element
  uint64_t block = 0;                        // 0: each index of the axis has its own
};

using Quantisations = absl::flat_hash_map<const TensorRecord*, Quantisation>;

// Of initializers that DequantizeLinear, an operator on quantised weights (of ai.onnx and
// com.microsoft), or an integer one whose product is scaled takes. Points into the model. What is
// there says what an operator means, not that the tensors fit together.
Quantisations FindQuantisations(const Model& model);

}  // namespace mreg::onnx
