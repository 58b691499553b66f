// Values of the levels that a quantised tensor holds.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "schema/onnx/quantised_tensors.h"
#include "schema/onnx/tensor_place.h"

namespace mreg::onnx {

class Dequantiser {
 public:
  // Nothing if scale or zero point are not here, cannot be read as numbers or do not fit `levels`.
  static absl::StatusOr<std::optional<Dequantiser>> Make(const TensorRecord& levels,
                                                         const Quantisation& quantisation,
                                                         const PlaceTensor& place);

  // Of levels, of which the first has the number `first` in the tensor.
  void Apply(uint64_t first, std::span<double> values) const;

 private:
  struct Line {
    double scale = 1, zero_point = 0;
    double operator()(double level) const { return (level - zero_point) * scale; }
  };

  size_t LineOf(uint64_t element) const;

  std::vector<Line> lines_;
  uint64_t run_ = 1;     // elements for each index of the axis
  uint64_t length_ = 1;  // of the axis
  uint64_t block_ = 0;
};

}  // namespace mreg::onnx
