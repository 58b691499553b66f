// The JSON of a safetensors header, taken as a stream of events: no tree is built, so a hostile
// header costs no more memory than its tensors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "schema/base/bytes.h"

namespace mreg::formats {

struct SafetensorsEntry {
  std::string name;
  std::string dtype;
  std::vector<uint64_t> shape;
  std::vector<uint64_t> data_offsets;  // [begin, end) from the header's end
};

// The tensors in the order they are written. InvalidArgument unless `json` is an object of
// entries with exactly these members, and perhaps `__metadata__`, an object of strings.
absl::StatusOr<std::vector<SafetensorsEntry>> ParseSafetensorsJson(ByteView json);

}  // namespace mreg::formats
