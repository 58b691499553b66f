// Reads one TensorProto: what it is and where its elements lie.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/onnx/wire_reader.h"
#include "schema/onnx/wire_scanner.h"

namespace mreg::onnx {

struct TensorRecord {
  std::string name;
  DataType type = 0;
  std::vector<int64_t> dims;

  bool is_external = false;
  std::string location;
  uint64_t external_offset = 0;
  uint64_t external_length = 0;

  // Fields that carry elements, however many. Only where it is 1 does `payload` hold them all.
  uint64_t payload_fields = 0;
  uint32_t payload_number = 0;  // the field number it had
  WireRange payload;
};

// False if `message` is not a well-formed TensorProto: see reader.status().
bool ReadTensor(WireReader& reader, WireRange message, TensorRecord& tensor);

// Whether the payload is the elements' little-endian bytes.
bool HasPlainPayload(const TensorRecord& tensor);

}  // namespace mreg::onnx
