#include "schema/onnx/tensor_reader.h"

#include <fmt/format.h>

#include <charconv>

#include "schema/onnx/tensor_fields.h"

namespace mreg::onnx {
namespace {

using enum TensorField;

// DataType's numbers of the types that float_data and double_data are made for.
constexpr DataType kFloat = 1, kDouble = 11, kComplex64 = 14, kComplex128 = 15;
constexpr uint64_t kLocationExternal = 1;

bool AddDim(WireReader& reader, uint64_t offset, uint64_t dim, TensorRecord& tensor) {
  if (tensor.dims.size() == kMaxDims) {
    return reader.Fail(offset, fmt::format("a tensor of more than {} dimensions", kMaxDims));
  }
  tensor.dims.push_back(static_cast<int64_t>(dim));
  return true;
}

bool ReadDims(WireReader& reader, const WireField& field, TensorRecord& tensor) {
  if (field.type == WireType::kVarint) {
    return AddDim(reader, field.range.begin, field.varint, tensor);
  }
  if (!reader.Expect(field, WireType::kBytes, "TensorProto.dims")) return false;
  WireRange rest = field.range;
  uint64_t dim = 0;
  while (rest.size() > 0) {
    const uint64_t at = rest.begin;
    if (!reader.Varint(rest, dim) || !AddDim(reader, at, dim, tensor)) return false;
  }
  return true;
}

// The bytes of one element where `number` is packed as fixed-width values, else 1.
uint64_t PackedWidth(uint32_t number) {
  if (number == kFloatData) return 4;
  return number == kDoubleData ? 8 : 1;
}

WireType UnpackedType(uint32_t number) {
  if (number == kFloatData) return WireType::kFixed32;
  return number == kDoubleData ? WireType::kFixed64 : WireType::kVarint;
}

// An element of its own, not packed, counts as one more field, so such tensors are never listed.
bool ReadPayload(WireReader& reader, const WireField& field, TensorRecord& tensor) {
  const bool may_be_unpacked = field.number != kRawData && field.number != kStringData;
  if (may_be_unpacked && field.type == UnpackedType(field.number)) {
    tensor.payload_fields += 2;
    return true;
  }
  if (!reader.Expect(field, WireType::kBytes, "a tensor's payload")) return false;
  if (field.range.size() % PackedWidth(field.number) != 0) {
    return reader.Fail(field.range.begin, "packed elements end in the middle of one");
  }
  tensor.payload_fields += field.number == kStringData ? 2 : 1;
  tensor.payload_number = field.number;
  tensor.payload = field.range;
  return true;
}

bool ParseNumber(WireReader& reader, uint64_t at, const std::string& text, uint64_t& number) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && stop == end) return true;
  return reader.Fail(at, "external_data's offset or length is not a number");
}

// A StringStringEntryProto: key 1, value 2.
bool ReadExternalEntry(WireReader& reader, const WireField& entry, TensorRecord& tensor) {
  if (!reader.Expect(entry, WireType::kBytes, "TensorProto.external_data")) return false;
  std::string key, value;
  WireRange rest = entry.range;
  for (WireField field; reader.Next(rest, field);) {
    if (field.number != 1 && field.number != 2) continue;
    if (!reader.Expect(field, WireType::kBytes, "an entry of external_data")) return false;
    if (!reader.Read(field.range, kMaxTextBytes, field.number == 1 ? key : value)) return false;
  }
  if (!reader.status().ok()) return false;
  const uint64_t at = entry.range.begin;
  if (key == "location") tensor.location = std::move(value);
  if (key == "offset") return ParseNumber(reader, at, value, tensor.external_offset);
  if (key == "length") return ParseNumber(reader, at, value, tensor.external_length);
  return true;
}

bool ReadField(WireReader& reader, const WireField& field, TensorRecord& tensor) {
  switch (field.number) {
    case kDims:
      return ReadDims(reader, field, tensor);
    case kDataType:
      tensor.type = static_cast<DataType>(field.varint);
      return reader.Expect(field, WireType::kVarint, "TensorProto.data_type");
    case kName:
      return reader.Expect(field, WireType::kBytes, "TensorProto.name") &&
             reader.Read(field.range, kMaxTextBytes, tensor.name);
    case kExternalData:
      return ReadExternalEntry(reader, field, tensor);
    case kDataLocation:
      tensor.is_external = field.varint == kLocationExternal;
      return reader.Expect(field, WireType::kVarint, "TensorProto.data_location");
    case kFloatData:
    case kInt32Data:
    case kStringData:
    case kInt64Data:
    case kRawData:
    case kDoubleData:
    case kUint64Data:
      return ReadPayload(reader, field, tensor);
    default:
      return true;
  }
}

}  // namespace

bool ReadTensor(WireReader& reader, WireRange message, TensorRecord& tensor) {
  for (WireField field; reader.Next(message, field);) {
    if (!ReadField(reader, field, tensor)) return false;
  }
  return reader.status().ok();
}

bool HasPlainPayload(const TensorRecord& tensor) {
  switch (tensor.payload_number) {
    case kRawData:
      return true;
    case kFloatData:
      return tensor.type == kFloat || tensor.type == kComplex64;
    case kDoubleData:
      return tensor.type == kDouble || tensor.type == kComplex128;
    default:
      return false;
  }
}

}  // namespace mreg::onnx
