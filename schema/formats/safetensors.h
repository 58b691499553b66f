// The header of a safetensors file: which tensor lies where.
// Format: https://github.com/huggingface/safetensors#format
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "schema/base/file_system.h"
#include "schema/onnx/wire_scanner.h"

namespace mreg::formats {

struct SafetensorsTensor {
  std::string name;
  onnx::DataType type = 0;  // ONNX's number of the element type; 0 where ONNX has none
  std::vector<int64_t> shape;
  uint64_t offset = 0;  // of the elements, from the file's start
  uint64_t length = 0;  // bytes
};

struct SafetensorsHeader {
  uint64_t data_offset = 0;                // where the header ends and the elements begin
  std::vector<SafetensorsTensor> tensors;  // by offset, never overlapping
};

// The format allows 100 MB; the largest headers in use have some 10 MB.
inline constexpr uint64_t kMaxSafetensorsHeader = 32 << 20;

// Reads the header alone. InvalidArgument if `file` is not a safetensors file: a header that is
// too long or not the JSON the format prescribes, a name used twice, data offsets that leave the
// file, overlap or do not fit shape and type. Bytes that belong to no tensor are no error.
// Reading errors are passed on.
absl::StatusOr<SafetensorsHeader> ReadSafetensorsHeader(const ReadableFile& file);

}  // namespace mreg::formats
