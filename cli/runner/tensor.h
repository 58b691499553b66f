// A tensor on its way into or out of a runtime.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "schema/base/bytes.h"

namespace mreg::runner {

struct Tensor {
  std::string name;
  std::string type;  // as operators' schemas have it: "float", "int64", "string"
  std::vector<int64_t> shape;
  Bytes data;  // elements, little-endian, row by row; those of 4 and 2 bits packed
  std::vector<std::string> strings;  // in place of data
};

// Elements that `shape` says. InvalidArgument for a negative length, or for more than 2^40.
absl::StatusOr<uint64_t> ElementsOf(const std::vector<int64_t>& shape);

// Bytes that `elements` of that type take; 0 for strings and unknown types.
uint64_t DataBytes(const std::string& type, uint64_t elements);

// InvalidArgument unless the tensor has as many elements as its shape says.
absl::Status CheckTensor(const Tensor& tensor);

}  // namespace mreg::runner
