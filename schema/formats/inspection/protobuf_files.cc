#include "schema/formats/inspection/protobuf_files.h"

#include "schema/base/status.h"
#include "schema/onnx/tensor_reader.h"
#include "schema/onnx/wire_reader.h"

namespace mreg::formats {
namespace {

using onnx::WireField;
using onnx::WireRange;
using onnx::WireReader;
using onnx::WireType;

constexpr uint64_t kMaxPiece = 64 << 10;
constexpr onnx::DataType kHighestType = 26;

// What was read told that the file is something else; any other error is one of reading.
absl::StatusOr<bool> Told(const WireReader& reader, bool is_one) {
  if (reader.status().ok()) return is_one;
  if (absl::IsInvalidArgument(reader.status())) return false;
  return reader.status();
}

// piece 1, score 2, type 3.
bool IsPiece(WireReader& reader, WireRange range) {
  bool has_text = false;
  for (WireField field; reader.Next(range, field);) {
    switch (field.number) {
      case 1:
        if (field.type != WireType::kBytes || field.range.size() > kMaxPiece) return false;
        has_text = true;
        break;
      case 2:
        if (field.type != WireType::kFixed32) return false;
        break;
      case 3:
        if (field.type != WireType::kVarint) return false;
        break;
      default:
        return false;
    }
  }
  return has_text;
}

}  // namespace

absl::StatusOr<bool> IsSentencePiece(const ReadableFile& file) {
  MREG_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
  WireReader reader(file, size);
  WireRange rest{0, size};
  uint64_t pieces = 0;
  bool has_settings = false;
  for (WireField field; reader.Next(rest, field);) {
    if (field.type != WireType::kBytes || field.number > 5) return Told(reader, false);
    if (field.number == 1 && !IsPiece(reader, field.range)) return Told(reader, false);
    pieces += field.number == 1;
    has_settings |= field.number == 2 || field.number == 3;
  }
  return Told(reader, pieces > 0 && has_settings);
}

absl::StatusOr<bool> IsOnnxTensor(const ReadableFile& file) {
  MREG_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
  WireReader reader(file, size);
  onnx::TensorRecord tensor;
  const bool is_read = onnx::ReadTensor(reader, {0, size}, tensor);
  return Told(reader, is_read && !tensor.is_external && tensor.type > 0 &&
                          tensor.type <= kHighestType && tensor.payload_fields > 0);
}

}  // namespace mreg::formats
