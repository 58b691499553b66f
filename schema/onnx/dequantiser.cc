#include "schema/onnx/dequantiser.h"

#include <algorithm>
#include <limits>

#include "schema/base/status.h"
#include "schema/onnx/model_facts.h"
#include "schema/onnx/tensor_values.h"

namespace mreg::onnx {
namespace {

// Of blocks of 32 levels in a tensor of half a GiB.
constexpr uint64_t kMostLines = uint64_t{1} << 24;

// Nothing if it has not `wanted` elements, or none that are numbers.
absl::StatusOr<std::optional<std::vector<double>>> ReadAs(const TensorRecord& tensor,
                                                          uint64_t wanted,
                                                          const PlaceTensor& place) {
  if (ElementCount(tensor.dims) != wanted) return std::nullopt;
  return ReadNumbers(tensor, place);
}

}  // namespace

absl::StatusOr<std::optional<Dequantiser>> Dequantiser::Make(const TensorRecord& levels,
                                                             const Quantisation& quantisation,
                                                             const PlaceTensor& place) {
  Dequantiser made;
  const uint64_t lines = ElementCount(quantisation.scale->dims);
  if (lines == 0 || lines > kMostLines) return std::nullopt;
  if (lines > 1) {
    const uint64_t elements = ElementCount(levels.dims);
    made.length_ = static_cast<uint64_t>(levels.dims[quantisation.axis]);
    made.run_ = ElementCount(
        {levels.dims.begin() + static_cast<ptrdiff_t>(quantisation.axis) + 1, levels.dims.end()});
    made.block_ = quantisation.block;
    if (elements == 0 || elements == std::numeric_limits<uint64_t>::max()) return std::nullopt;
    if (lines != made.LineOf(elements - 1) + 1) return std::nullopt;
  }
  MREG_ASSIGN_OR_RETURN(const auto scales, ReadAs(*quantisation.scale, lines, place));
  if (!scales) return std::nullopt;
  std::vector<double> zero_points(1, 0);
  if (quantisation.zero_point != nullptr) {
    const uint64_t count = ElementCount(quantisation.zero_point->dims);
    if (count != 1 && count != lines) return std::nullopt;
    MREG_ASSIGN_OR_RETURN(auto read, ReadAs(*quantisation.zero_point, count, place));
    if (!read) return std::nullopt;
    zero_points = *std::move(read);
  }
  made.lines_.reserve(lines);
  for (size_t i = 0; i < lines; ++i) {
    made.lines_.push_back({(*scales)[i], zero_points[zero_points.size() == 1 ? 0 : i]});
  }
  return made;
}

size_t Dequantiser::LineOf(uint64_t element) const {
  const uint64_t index = element / run_ % length_;
  if (block_ == 0) return static_cast<size_t>(index);
  const uint64_t blocks = (length_ + block_ - 1) / block_;
  const uint64_t outer = element / (run_ * length_);
  return static_cast<size_t>((outer * blocks + index / block_) * run_ + element % run_);
}

void Dequantiser::Apply(uint64_t first, std::span<double> values) const {
  if (lines_.size() == 1) {
    for (double& value : values) value = lines_.front()(value);
    return;
  }
  // Elements that follow each other have one line, or lines that do; divided is once for them.
  const bool has_one = block_ == 0 && run_ > 1;
  for (size_t i = 0; i < values.size();) {
    const uint64_t at = first + i;
    const size_t line = LineOf(at);
    uint64_t stretch = 1;
    if (block_ == 0) stretch = has_one ? run_ - at % run_ : length_ - line;
    const size_t end = i + static_cast<size_t>(std::min<uint64_t>(stretch, values.size() - i));
    for (size_t k = line; i < end; ++i, k += has_one ? 0 : 1) values[i] = lines_[k](values[i]);
  }
}

}  // namespace mreg::onnx
