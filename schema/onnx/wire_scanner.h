// Finds the weights in an ONNX file by walking its protobuf wire format, without parsing it into
// objects and without reading the weights. Field numbers:
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "schema/base/file_system.h"

namespace mreg::onnx {

// ONNX's TensorProto.DataType, as in the file; unknown numbers are kept.
using DataType = int32_t;

// A tensor whose elements lie in the file itself.
struct InlineTensor {
  std::string name;
  DataType type = 0;
  std::vector<int64_t> dims;
  uint64_t offset = 0;  // of the payload, from the file's start
  uint64_t length = 0;  // bytes of payload
  // True where the payload is the elements' plain little-endian bytes (raw_data, packed
  // float_data and double_data); false where they are varints.
  bool is_plain = false;
};

// A tensor whose elements lie in a file beside it.
struct ExternalTensor {
  std::string name;
  DataType type = 0;
  std::vector<int64_t> dims;
  std::string location;  // as written in the model: hostile until checked
  uint64_t offset = 0;
  uint64_t length = 0;  // 0: to the end of the file
};

struct OpsetImport {
  std::string domain;  // "" is ai.onnx
  int64_t version = 0;
};

struct ModelScan {
  int64_t ir_version = 0;
  std::string producer_name;
  std::string producer_version;
  std::vector<OpsetImport> opsets;
  uint64_t node_count = 0;    // in all graphs and functions
  uint64_t tensor_count = 0;  // of any size, wherever they live
  // Payloads of kMinTensorBytes (or what was asked for) and more, by offset, never overlapping.
  std::vector<InlineTensor> tensors;
  std::vector<ExternalTensor> external;
};

inline constexpr uint64_t kMinTensorBytes = 1024;

// Limits of what is followed; a file beyond them is refused, not half-scanned.
inline constexpr int kMaxDepth = 100;  // messages within messages, as protobuf's own limit
inline constexpr uint64_t kMaxTensors = 1'000'000;
inline constexpr uint64_t kMaxDims = 256;             // of one tensor
inline constexpr uint64_t kMaxTextBytes = 64 << 10;   // of one name or location
inline constexpr uint64_t kMaxScanBytes = 256 << 20;  // of everything listed, in memory

// Walks the whole of `file`, wherever tensors live: initializers, attributes of nodes in nested
// graphs, functions, training information, sparse tensors. Memory: in proportion to the number
// of tensors listed. InvalidArgument, with the offset, if it is not a well-formed ONNX model
// (a length beyond its parent, a missing or repeated graph, depth over kMaxDepth, a group wire
// type...). A trailing or unknown field is no error. Reading errors are passed on; Aborted if the
// file shrinks meanwhile.
// Counted but not listed: a tensor whose elements lie in several places (unpacked, or in more
// than one field), whose payload is below `min_bytes` (at least 1), or a string tensor. External
// data counts where data_location says so; whatever else such a tensor carries is not its value.
absl::StatusOr<ModelScan> ScanModel(const ReadableFile& file, uint64_t min_bytes = kMinTensorBytes);

}  // namespace mreg::onnx
