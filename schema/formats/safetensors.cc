#include "schema/formats/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "schema/base/coding.h"
#include "schema/base/status.h"
#include "schema/formats/safetensors_json.h"

namespace mreg::formats {
namespace {

constexpr uint64_t kLengthBytes = 8;

struct ElementType {
  std::string_view dtype;
  onnx::DataType type;
  uint64_t bits;
};

constexpr ElementType kElementTypes[] = {
    {"F64", 11, 64},    {"F32", 1, 32}, {"F16", 10, 16}, {"BF16", 16, 16},   {"I64", 7, 64},
    {"I32", 6, 32},     {"I16", 5, 16}, {"I8", 3, 8},    {"U64", 13, 64},    {"U32", 12, 32},
    {"U16", 4, 16},     {"U8", 2, 8},   {"BOOL", 9, 8},  {"F8_E4M3", 17, 8}, {"F8_E5M2", 19, 8},
    {"F8_E8M0", 24, 8}, {"F4", 23, 4},  {"C64", 14, 64},
};

const ElementType* FindElementType(std::string_view dtype) {
  for (const ElementType& type : kElementTypes) {
    if (type.dtype == dtype) return &type;
  }
  return nullptr;
}

absl::Status Invalid(const SafetensorsEntry& entry, std::string_view reason) {
  return absl::InvalidArgumentError(fmt::format("safetensors tensor {:?}: {}", entry.name, reason));
}

// Whether `shape` elements of `bits` each take `length` bytes.
bool ShapeFits(const std::vector<uint64_t>& shape, uint64_t bits, uint64_t length) {
  uint64_t total = bits;
  const bool is_empty = std::ranges::find(shape, 0u) != shape.end();
  if (is_empty) return length == 0;
  for (const uint64_t dim : shape) {
    if (__builtin_mul_overflow(total, dim, &total)) return false;
  }
  return total % 8 == 0 && total / 8 == length;
}

absl::StatusOr<SafetensorsTensor> Check(SafetensorsEntry entry, uint64_t data_offset,
                                        uint64_t data_size) {
  const uint64_t begin = entry.data_offsets[0];
  const uint64_t end = entry.data_offsets[1];
  if (begin > end || end > data_size) return Invalid(entry, "its data offsets leave the file");
  const ElementType* const element = FindElementType(entry.dtype);
  if (element != nullptr && !ShapeFits(entry.shape, element->bits, end - begin)) {
    return Invalid(entry, "its data offsets do not fit its shape");
  }
  SafetensorsTensor tensor;
  tensor.type = element == nullptr ? 0 : element->type;
  tensor.shape.assign(entry.shape.begin(), entry.shape.end());
  tensor.offset = data_offset + begin;
  tensor.length = end - begin;
  tensor.name = std::move(entry.name);
  return tensor;
}

absl::Status CheckNames(const std::vector<SafetensorsEntry>& entries) {
  absl::flat_hash_set<std::string_view> names;
  for (const SafetensorsEntry& entry : entries) {
    if (!names.insert(entry.name).second) return Invalid(entry, "its name is used twice");
  }
  return absl::OkStatus();
}

absl::Status SortByOffset(std::vector<SafetensorsTensor>& tensors) {
  std::ranges::sort(tensors, {}, [](const SafetensorsTensor& tensor) {
    return std::pair(tensor.offset, tensor.length);
  });
  uint64_t end = 0;
  for (const SafetensorsTensor& tensor : tensors) {
    if (tensor.offset < end) {
      return absl::InvalidArgumentError(
          fmt::format("safetensors tensor {:?} overlaps another", tensor.name));
    }
    end = tensor.offset + tensor.length;
  }
  return absl::OkStatus();
}

absl::StatusOr<Bytes> ReadExactly(const ReadableFile& file, uint64_t offset, uint64_t length) {
  Bytes content(length, '\0');
  MREG_ASSIGN_OR_RETURN(const size_t got, file.ReadAt(offset, content));
  if (got < length) return absl::AbortedError("a safetensors file shrank while it was read");
  return content;
}

// The header's JSON. Its first byte is looked at before the rest is read: most files that are
// something else end here.
absl::StatusOr<Bytes> ReadJson(const ReadableFile& file, uint64_t size) {
  if (size <= kLengthBytes) {
    return absl::InvalidArgumentError(fmt::format("no safetensors header in {} bytes", size));
  }
  MREG_ASSIGN_OR_RETURN(const Bytes prefix, ReadExactly(file, 0, kLengthBytes + 1));
  if (prefix.back() != '{') {
    return absl::InvalidArgumentError("a safetensors header that does not begin with {");
  }
  const uint64_t length = ReadU64Le(prefix);
  if (length > std::min(kMaxSafetensorsHeader, size - kLengthBytes)) {
    return absl::InvalidArgumentError(fmt::format("a safetensors header of {} bytes", length));
  }
  return ReadExactly(file, kLengthBytes, length);
}

}  // namespace

absl::StatusOr<SafetensorsHeader> ReadSafetensorsHeader(const ReadableFile& file) {
  MREG_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
  MREG_ASSIGN_OR_RETURN(const Bytes json, ReadJson(file, size));
  MREG_ASSIGN_OR_RETURN(std::vector<SafetensorsEntry> entries, ParseSafetensorsJson(json));
  MREG_RETURN_IF_ERROR(CheckNames(entries));
  SafetensorsHeader header;
  header.data_offset = kLengthBytes + json.size();
  for (SafetensorsEntry& entry : entries) {
    MREG_ASSIGN_OR_RETURN(SafetensorsTensor tensor,
                          Check(std::move(entry), header.data_offset, size - header.data_offset));
    header.tensors.push_back(std::move(tensor));
  }
  MREG_RETURN_IF_ERROR(SortByOffset(header.tensors));
  return header;
}

}  // namespace mreg::formats
