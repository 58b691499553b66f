#include "schema/onnx/skeleton.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>

#include "schema/base/status.h"
#include "schema/onnx/wire_reader.h"
#include "schema/onnx/wire_scanner.h"

namespace mreg::onnx {
namespace {

// Messages that tensors are in. Field numbers are those of onnx.proto.
enum class Kind : uint8_t {
  kOther,
  kModel,
  kGraph,
  kNode,
  kAttribute,
  kTensor,
  kSparseTensor,
  kFunction,
  kTraining
};

struct Child {
  Kind in;
  uint32_t field;
  Kind kind;
};
constexpr Child kChildren[] = {
    {Kind::kModel, 7, Kind::kGraph},
    {Kind::kModel, 20, Kind::kTraining},
    {Kind::kModel, 25, Kind::kFunction},
    {Kind::kGraph, 1, Kind::kNode},
    {Kind::kGraph, 5, Kind::kTensor},
    {Kind::kGraph, 15, Kind::kSparseTensor},
    {Kind::kNode, 5, Kind::kAttribute},
    {Kind::kAttribute, 5, Kind::kTensor},
    {Kind::kAttribute, 6, Kind::kGraph},
    {Kind::kAttribute, 10, Kind::kTensor},
    {Kind::kAttribute, 11, Kind::kGraph},
    {Kind::kAttribute, 22, Kind::kSparseTensor},
    {Kind::kAttribute, 23, Kind::kSparseTensor},
    {Kind::kSparseTensor, 1, Kind::kTensor},
    {Kind::kSparseTensor, 2, Kind::kTensor},
    {Kind::kFunction, 7, Kind::kNode},
    {Kind::kFunction, 11, Kind::kAttribute},
    {Kind::kTraining, 1, Kind::kGraph},
    {Kind::kTraining, 2, Kind::kGraph},
};

Kind ChildOf(Kind in, const WireField& field) {
  if (field.type != WireType::kBytes) return Kind::kOther;
  for (const Child& child : kChildren) {
    if (child.in == in && child.field == field.number) return child.kind;
  }
  return Kind::kOther;
}

constexpr uint32_t kDims = 1, kRawData = 9, kExternalData = 13, kDataLocation = 14;
constexpr uint64_t kExternal = 1;

// The bytes of one element in a TensorProto's field; -1 for a field that holds none.
int ElementBytes(uint32_t field) {
  switch (field) {
    case 4:  // float_data
      return 4;
    case 10:  // double_data
      return 8;
    case 5:  // int32_data, int64_data, uint64_data
    case 7:
    case 11:
    case kRawData:
      return 1;
    case 6:  // string_data
      return 0;
    default:
      return -1;
  }
}

class Skeleton {
 public:
  Skeleton(const ReadableFile& file, uint64_t size, uint64_t limit)
      : reader_(file, size), size_(size), limit_(limit) {}

  absl::StatusOr<Bytes> Make() {
    Copy({0, size_}, Kind::kModel, 0);
    MREG_RETURN_IF_ERROR(status_);
    MREG_RETURN_IF_ERROR(reader_.status());
    return std::move(out_);
  }

 private:
  bool Copy(WireRange rest, Kind kind, int depth) {
    if (kind == Kind::kTensor) return CopyTensor(rest);
    uint64_t copied = rest.begin;  // up to there
    WireField field;
    for (uint64_t begin = rest.begin; reader_.Next(rest, field); begin = rest.begin) {
      const Kind child = ChildOf(kind, field);
      if (child == Kind::kOther) continue;
      if (!CopyBytes({copied, begin}) || !CopyMessage(field, child, depth + 1)) return false;
      copied = rest.begin;
    }
    return reader_.status().ok() && CopyBytes({copied, rest.end});
  }

  // Its length is known when it ends, so it is given as many bytes as any may need.
  bool CopyMessage(const WireField& field, Kind kind, int depth) {
    if (depth > kMaxDepth) return reader_.Fail(field.range.begin, "messages nested too deeply");
    PutTag(field.number);
    const size_t at = out_.size();
    constexpr size_t kLengthBytes = 5;
    out_.append(kLengthBytes, '\0');
    if (!Copy(field.range, kind, depth)) return false;
    uint64_t length = out_.size() - at - kLengthBytes;
    for (size_t i = 0; i < kLengthBytes; ++i, length >>= 7) {
      const bool is_last = i + 1 == kLengthBytes;
      out_[at + i] = static_cast<char>((length & 0x7f) | (is_last ? 0 : 0x80));
    }
    return HasRoom(0);
  }

  bool CopyTensor(const WireRange& message) {
    if (IsExternal(message)) return CopyExternal(message);
    std::array<bool, kRawData + 3> cut{};
    uint64_t kept = 0;
    WireRange rest = message;
    WireField field;
    for (uint64_t begin = rest.begin; reader_.Next(rest, field); begin = rest.begin) {
      const WireRange whole{begin, rest.begin};
      const int element = ElementBytes(field.number);
      if (element < 0 || kept + whole.size() <= kMaxKeptTensorBytes) {
        if (!CopyBytes(whole)) return false;
        if (element >= 0) kept += whole.size();
      } else if (!std::exchange(cut[field.number], true)) {
        PutZeros(field.number, element);
      }
    }
    return reader_.status().ok() && HasRoom(0);
  }

  // Without data, but for one byte: checkers want some where there are elements.
  bool CopyExternal(const WireRange& message) {
    bool is_empty = false;
    WireRange rest = message;
    WireField field;
    for (uint64_t begin = rest.begin; reader_.Next(rest, field); begin = rest.begin) {
      if (field.number == kDims) is_empty = HasZero(field) || is_empty;
      const bool is_dropped = field.number == kExternalData || field.number == kDataLocation ||
                              ElementBytes(field.number) >= 0;
      if (!is_dropped && !CopyBytes({begin, rest.begin})) return false;
    }
    if (!is_empty) PutZeros(kRawData, ElementBytes(kRawData));
    return reader_.status().ok() && HasRoom(0);
  }

  bool HasZero(const WireField& dims) {
    if (dims.type == WireType::kVarint) return dims.varint == 0;
    if (dims.type != WireType::kBytes) return false;
    bool has_zero = false;
    WireRange rest = dims.range;
    for (uint64_t dim = 0; rest.size() > 0 && reader_.Varint(rest, dim);) has_zero |= dim == 0;
    return has_zero;
  }

  bool IsExternal(WireRange rest) {
    bool is_external = false;
    for (WireField field; reader_.Next(rest, field);) {
      if (field.number == kDataLocation && field.type == WireType::kVarint) {
        is_external = field.varint == kExternal;
      }
    }
    return is_external;
  }

  void PutTag(uint32_t field) {
    constexpr uint32_t kMore = 0x80;
    uint32_t tag = field << 3 | static_cast<uint32_t>(WireType::kBytes);
    for (; tag >= kMore; tag >>= 7) out_ += static_cast<char>(tag | kMore);
    out_ += static_cast<char>(tag);
  }

  void PutZeros(uint32_t field, int bytes) {
    PutTag(field);
    out_ += static_cast<char>(bytes);
    out_.append(static_cast<size_t>(bytes), '\0');
  }

  bool CopyBytes(const WireRange& range) {
    return HasRoom(range.size()) && reader_.Read(range, limit_, piece_) &&
           (out_.append(piece_), true);
  }

  bool HasRoom(uint64_t bytes) {
    if (bytes <= limit_ && out_.size() <= limit_ - bytes) return true;
    status_ = absl::ResourceExhaustedError(
        fmt::format("the model takes more than {} bytes without its weights", limit_));
    return false;
  }

  WireReader reader_;
  const uint64_t size_;
  const uint64_t limit_;
  Bytes out_;
  std::string piece_;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<Bytes> MakeSkeleton(const ReadableFile& file, uint64_t limit) {
  MREG_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
  return Skeleton(file, size, limit).Make();
}

}  // namespace mreg::onnx
