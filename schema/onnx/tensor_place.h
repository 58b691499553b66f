// Where the elements of a model's tensors lie, and reading them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/file_system.h"
#include "schema/onnx/tensor_reader.h"

namespace mreg::onnx {

// Where a tensor's bytes lie.
struct TensorPlace {
  const ReadableFile* file = nullptr;
  uint64_t offset = 0;
  uint64_t length = 0;
  // Equal bytes where these are equal, and not empty; where they are not, nothing is known.
  std::string identity;

  // Fills `buffer` from byte `from` of the tensor on. Aborted if the file ends before.
  absl::Status Read(uint64_t from, std::span<char> buffer) const;
};

// Nothing for a tensor whose bytes cannot be read: in a file that is not here. Called from several
// threads.
using PlaceTensor = std::function<absl::StatusOr<std::optional<TensorPlace>>(const TensorRecord&)>;

// The payload in the model's own file, without identity; nothing for one that lies elsewhere or
// in several fields. `file` outlives the place.
std::optional<TensorPlace> PlaceInModel(const ReadableFile& file, const TensorRecord& tensor);

// Bits of an element where `place` holds what DecodeValues reads, as many elements as the shape
// says; else 0.
size_t NumberBits(const TensorRecord& tensor, const TensorPlace& place);
// Of so many elements.
inline size_t BytesOf(uint64_t elements, size_t bits) { return (elements * bits + 7) / 8; }

// All elements of a small tensor, of int32_data as well; nothing if they are not here or no
// numbers.
absl::StatusOr<std::optional<std::vector<double>>> ReadNumbers(const TensorRecord& tensor,
                                                               const PlaceTensor& place);

}  // namespace mreg::onnx
