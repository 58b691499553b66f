// Reads what an ONNX model is, without its weights.
#pragma once

#include "absl/status/statusor.h"
#include "schema/base/file_system.h"
#include "schema/onnx/model.h"

namespace mreg::onnx {

// Of everything in a Model, in memory. The largest real models take some 30 MB.
inline constexpr uint64_t kMaxModelBytes = 512 << 20;

// Of one text: documentation, metadata and attributes hold whole tokenizers in real models.
inline constexpr uint64_t kMaxModelText = 64 << 20;

// Of a model or a function. Each node's operator is looked up among them.
inline constexpr size_t kMaxOpsetImports = 256;

// InvalidArgument, with the offset, for what ScanModel refuses, and for a model that takes more
// than kMaxModelBytes or has more than kMaxOpsetImports. Text is as it lies in the file: hostile
// until it is escaped. Where a singular field is repeated the last counts, as parsers have it; a
// repeated singular message that holds tensors is refused. Unknown fields are passed over. Reading
// errors are passed on; Aborted if the file shrinks meanwhile.
absl::StatusOr<Model> ReadModel(const ReadableFile& file);

}  // namespace mreg::onnx
