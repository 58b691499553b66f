// The header of a NumPy array. Format:
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html Internal to
// schema/formats/inspection.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "schema/base/bytes.h"
#include "schema/base/file_system.h"

namespace mreg::formats {

struct NumpyHeader {
  uint64_t data_offset = 0;
  bool has_objects = false;             // elements that are Python objects: a pickle follows
  std::optional<uint64_t> data_length;  // bytes of the elements, for types that are simple
};

// Nothing if `file` does not begin as one. A header that cannot be understood counts as one with
// objects. Reading errors are passed on.
absl::StatusOr<std::optional<NumpyHeader>> ReadNumpyHeader(const ReadableFile& file);

}  // namespace mreg::formats
