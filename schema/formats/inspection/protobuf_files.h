// Small files in protobuf's wire format that lie beside models. Internal to
// schema/formats/inspection.
#pragma once

#include "absl/status/statusor.h"
#include "schema/base/file_system.h"

namespace mreg::formats {

// Whether `file` is a tokenizer of SentencePiece: pieces with their scores, then its settings.
// Field numbers: https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
// Reading errors are passed on.
absl::StatusOr<bool> IsSentencePiece(const ReadableFile& file);

// Whether `file` is one ONNX TensorProto with its elements, as test inputs are kept.
absl::StatusOr<bool> IsOnnxTensor(const ReadableFile& file);

}  // namespace mreg::formats
