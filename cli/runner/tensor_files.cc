#include "cli/runner/tensor_files.h"

#include <absl/strings/numbers.h>
#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "schema/base/status.h"
#include "schema/onnx/data_type.h"
#include "schema/onnx/tensor_fields.h"
#include "schema/onnx/wire_reader.h"
#include "schema/targets/type_text.h"

namespace mreg::runner {
namespace {

using onnx::WireField;
using onnx::WireRange;
using onnx::WireReader;
using onnx::WireType;

constexpr uint64_t kMaxFileBytes = uint64_t{2} << 30;
constexpr int kBitsOfByte = 8;

using enum onnx::TensorField;

class ProtoReader {
 public:
  ProtoReader(const ReadableFile& file, uint64_t size) : reader_(file, size), size_(size) {}

  absl::StatusOr<Tensor> Read() {
    WireRange rest{0, size_};
    WireField field;
    while (reader_.Next(rest, field)) {
      if (!Take(field)) break;
    }
    MREG_RETURN_IF_ERROR(reader_.status());
    tensor_.type = onnx::SchemaTypeName(type_);
    for (const auto& [bits, numbers] : {std::pair(32, &numbers32_), std::pair(64, &numbers64_)}) {
      for (const uint64_t number : *numbers) AddNumber(number, bits);
    }
    MREG_RETURN_IF_ERROR(CheckTensor(tensor_));
    return std::move(tensor_);
  }

 private:
  bool Take(const WireField& field) {
    switch (field.number) {
      case kDims:
        return TakeNumbers(field, dims_) && TakeDims();
      case kDataType:
        type_ = static_cast<onnx::DataType>(field.varint);
        return true;
      case kInt32Data:
        return TakeNumbers(field, numbers32_);
      case kInt64Data:
      case kUint64Data:
        return TakeNumbers(field, numbers64_);
      case kName:
        return reader_.Read(field.range, kMaxFileBytes, tensor_.name);
      case kStringData:
        return reader_.Read(field.range, kMaxFileBytes, tensor_.strings.emplace_back());
      case kFloatData:
      case kDoubleData:
      case kRawData:
        return TakeBytes(field);
      case kDataLocation:
        return field.varint == 0 || reader_.Fail(field.range.begin, "its elements lie elsewhere");
      default:
        return true;
    }
  }

  bool TakeNumbers(const WireField& field, std::vector<uint64_t>& numbers) {
    if (field.type == WireType::kVarint) {
      numbers.push_back(field.varint);
      return true;
    }
    WireRange rest = field.range;
    for (uint64_t number = 0; rest.size() > 0;) {
      if (!reader_.Varint(rest, number)) return false;
      numbers.push_back(number);
    }
    return true;
  }

  bool TakeDims() {
    for (const uint64_t dim : dims_) tensor_.shape.push_back(static_cast<int64_t>(dim));
    dims_.clear();
    return true;
  }

  bool TakeBytes(const WireField& field) {
    Bytes part;
    if (!reader_.Read(field.range, kMaxFileBytes, part)) return false;
    tensor_.data += part;
    return true;
  }

  // As wide as the tensor's elements are: int32_data has small ones too, and packed halves of
  // bytes.
  void AddNumber(uint64_t number, int field_bits) {
    const int bits = std::min(onnx::DataTypeBits(type_), field_bits);
    for (int shift = 0; shift < std::max(bits, kBitsOfByte); shift += kBitsOfByte) {
      tensor_.data += static_cast<char>(number >> shift);
    }
  }

  WireReader reader_;
  const uint64_t size_;
  Tensor tensor_;
  onnx::DataType type_ = 0;
  std::vector<uint64_t> dims_;
  std::vector<uint64_t> numbers32_;
  std::vector<uint64_t> numbers64_;
};

constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kNpyTypes = {{
    {"|b1", "bool"},
    {"|i1", "int8"},
    {"|u1", "uint8"},
    {"<i2", "int16"},
    {"<u2", "uint16"},
    {"<i4", "int32"},
    {"<u4", "uint32"},
    {"<i8", "int64"},
    {"<u8", "uint64"},
    {"<f2", "float16"},
    {"<f4", "float"},
    {"<f8", "double"},
}};

// The text behind 'key': in the header, a Python literal; "" if it is not there.
std::string_view ValueOf(std::string_view header, std::string_view key) {
  const size_t at = header.find(fmt::format("'{}':", key));
  if (at == std::string_view::npos) return "";
  std::string_view value = header.substr(at + key.size() + 3);
  while (value.starts_with(' ')) value.remove_prefix(1);
  return value;
}

absl::Status ParseShape(std::string_view text, Tensor& tensor) {
  const size_t end = text.find(')');
  if (!text.starts_with('(') || end == std::string_view::npos) {
    return absl::InvalidArgumentError("its header has no shape");
  }
  text = text.substr(1, end - 1);
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string_view item = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (item.find_first_not_of(' ') == std::string_view::npos) continue;
    int64_t length = 0;
    if (!absl::SimpleAtoi(absl::string_view(item.data(), item.size()), &length)) {
      return absl::InvalidArgumentError("its header has a shape that is none");
    }
    tensor.shape.push_back(length);
  }
  return absl::OkStatus();
}

absl::StatusOr<Bytes> ReadAll(const ReadableFile& file) {
  MREG_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
  if (size > kMaxFileBytes) return absl::InvalidArgumentError("it is too large");
  Bytes bytes(size, '\0');
  MREG_ASSIGN_OR_RETURN(const size_t got, file.ReadAt(0, bytes));
  bytes.resize(got);
  return bytes;
}

}  // namespace

absl::StatusOr<Tensor> ReadTensorProto(const ReadableFile& file) {
  MREG_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
  return ProtoReader(file, size).Read();
}

absl::StatusOr<Tensor> ReadNpy(const ReadableFile& file) {
  constexpr size_t kMagicBytes = 8;
  MREG_ASSIGN_OR_RETURN(const Bytes bytes, ReadAll(file));
  const std::string_view text = bytes;
  if (!text.starts_with("\x93NUMPY") || text.size() < kMagicBytes + 4) {
    return absl::InvalidArgumentError("it is no .npy file");
  }
  const bool is_first_version = text[6] == 1;
  const size_t length_bytes = is_first_version ? 2 : 4;
  size_t length = 0;
  for (size_t i = length_bytes; i-- > 0;) {
    length = length << kBitsOfByte | static_cast<uint8_t>(text[kMagicBytes + i]);
  }
  const size_t begin = kMagicBytes + length_bytes;
  if (length > text.size() - begin) return absl::InvalidArgumentError("it is cut short");
  const std::string_view header = text.substr(begin, length);
  Tensor tensor;
  for (const auto& [descr, type] : kNpyTypes) {
    if (ValueOf(header, "descr").starts_with(fmt::format("'{}'", descr))) tensor.type = type;
  }
  if (tensor.type.empty() || !ValueOf(header, "fortran_order").starts_with("False")) {
    return absl::InvalidArgumentError("its elements are of no plain type, or not row by row");
  }
  MREG_RETURN_IF_ERROR(ParseShape(ValueOf(header, "shape"), tensor));
  tensor.data = text.substr(begin + length);
  MREG_RETURN_IF_ERROR(CheckTensor(tensor));
  return tensor;
}

absl::StatusOr<Tensor> ReadTensorFile(FileSystem& fs, const std::string& path) {
  MREG_ASSIGN_OR_RETURN(const auto file, fs.OpenRead(path));
  auto tensor = path.ends_with(".npy") ? ReadNpy(*file) : ReadTensorProto(*file);
  if (!tensor.ok()) return Annotate(tensor.status(), path);
  return tensor;
}

}  // namespace mreg::runner
