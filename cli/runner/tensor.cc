#include "cli/runner/tensor.h"

#include <fmt/format.h>

#include "schema/base/status.h"
#include "schema/onnx/data_type.h"
#include "schema/targets/type_text.h"

namespace mreg::runner {

absl::StatusOr<uint64_t> ElementsOf(const std::vector<int64_t>& shape) {
  constexpr uint64_t kMost = uint64_t{1} << 40;
  uint64_t elements = 1;
  for (const int64_t length : shape) {
    if (length < 0) return absl::InvalidArgumentError("a tensor's shape is not fixed");
    if (length > 0 && elements > kMost / static_cast<uint64_t>(length)) {
      return absl::InvalidArgumentError("a tensor's shape is too large");
    }
    elements *= static_cast<uint64_t>(length);
  }
  return elements;
}

uint64_t DataBytes(const std::string& type, uint64_t elements) {
  constexpr uint64_t kBitsOfByte = 8;
  const auto bits = static_cast<uint64_t>(onnx::DataTypeBits(targets::ParseElement(type)));
  return (elements * bits + kBitsOfByte - 1) / kBitsOfByte;
}

absl::Status CheckTensor(const Tensor& tensor) {
  MREG_ASSIGN_OR_RETURN(const uint64_t elements, ElementsOf(tensor.shape));
  const bool is_text = tensor.type == "string";
  const uint64_t have = is_text ? tensor.strings.size() : tensor.data.size();
  const uint64_t want = is_text ? elements : DataBytes(tensor.type, elements);
  if (have == want && targets::ParseElement(tensor.type) != 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("a tensor has {} {} in place of {}", have, is_text ? "texts" : "bytes", want));
}

}  // namespace mreg::runner
