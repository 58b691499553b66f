// A model without the weights that make it large, as a file of its own for whoever reads ONNX with
// a parser that takes the whole file into memory.
#pragma once

#include "absl/status/statusor.h"
#include "schema/base/bytes.h"
#include "schema/base/file_system.h"

namespace mreg::onnx {

// Of a tensor's data no more is kept: shapes, axes and other small constants stay.
inline constexpr uint64_t kMaxKeptTensorBytes = 64 << 10;

// The bytes of the model but for the data of tensors that have more than kMaxKeptTensorBytes of it,
// wherever they are. These keep name, type and dims; in place of the data is one element of zero,
// or raw_data of one byte. Tensors in external files become such ones too: the skeleton names no
// other file. Nothing else changes, whether it is right or wrong; lengths may take five bytes.
// InvalidArgument, with the offset, for what is not protobuf's wire format or has more than
// kMaxDepth messages within each other; ResourceExhausted if the skeleton is longer than `limit`,
// which is less than 2^32. Reading errors are passed on.
absl::StatusOr<Bytes> MakeSkeleton(const ReadableFile& file, uint64_t limit);

}  // namespace mreg::onnx
