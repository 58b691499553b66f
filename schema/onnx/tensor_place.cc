#include "schema/onnx/tensor_place.h"

#include "schema/base/status.h"
#include "schema/onnx/model_facts.h"
#include "schema/onnx/tensor_fields.h"
#include "schema/onnx/tensor_values.h"

namespace mreg::onnx {
namespace {

// Of one number in int32_data: https://protobuf.dev/programming-guides/encoding/
constexpr uint64_t kMostVarintBytes = 10;
constexpr uint64_t kMostBytes = uint64_t{1} << 60;

// Integers of up to 32 bits; bool and halves are in int32_data too, but not as what they mean.
bool IsInt32Data(const TensorRecord& tensor) {
  constexpr DataType kUint8 = 2, kInt32 = 6;
  return tensor.payload_number == kInt32Data && tensor.type >= kUint8 && tensor.type <= kInt32;
}

absl::StatusOr<std::optional<std::vector<double>>> ReadVarints(const TensorPlace& place,
                                                               uint64_t count) {
  WireReader reader(*place.file, place.offset + place.length);
  WireRange rest{place.offset, place.offset + place.length};
  std::vector<double> numbers;
  for (uint64_t number = 0; rest.size() > 0;) {
    if (!reader.Varint(rest, number)) return reader.status();
    numbers.push_back(static_cast<int32_t>(number));
  }
  if (numbers.size() != count) return std::nullopt;
  return numbers;
}

}  // namespace

absl::Status TensorPlace::Read(uint64_t from, std::span<char> buffer) const {
  MREG_ASSIGN_OR_RETURN(const size_t got, file->ReadAt(offset + from, buffer));
  if (got < buffer.size()) return absl::AbortedError("the model shrinks while it is read");
  return absl::OkStatus();
}

std::optional<TensorPlace> PlaceInModel(const ReadableFile& file, const TensorRecord& tensor) {
  if (tensor.is_external || tensor.payload_fields > 1) return std::nullopt;
  if (tensor.payload_fields == 0) return TensorPlace{&file, 0, 0, ""};
  return TensorPlace{&file, tensor.payload.begin, tensor.payload.size(), ""};
}

size_t NumberBits(const TensorRecord& tensor, const TensorPlace& place) {
  if (!tensor.is_external && !HasPlainPayload(tensor)) return 0;
  const size_t bits = ValueBits(tensor.type);
  const uint64_t elements = ElementCount(tensor.dims);
  const bool is_whole = bits > 0 && place.length <= kMostBytes &&
                        elements <= place.length * 8 / bits &&
                        BytesOf(elements, bits) == place.length;
  return is_whole ? bits : 0;
}

absl::StatusOr<std::optional<std::vector<double>>> ReadNumbers(const TensorRecord& tensor,
                                                               const PlaceTensor& place) {
  MREG_ASSIGN_OR_RETURN(const auto found, place(tensor));
  if (!found) return std::nullopt;
  const uint64_t count = ElementCount(tensor.dims);
  if (IsInt32Data(tensor) && found->length / kMostVarintBytes <= count) {
    return ReadVarints(*found, count);
  }
  if (NumberBits(tensor, *found) == 0) return std::nullopt;
  std::vector<char> bytes(static_cast<size_t>(found->length));
  MREG_RETURN_IF_ERROR(found->Read(0, bytes));
  std::vector<double> numbers(static_cast<size_t>(count));
  DecodeValues(tensor.type, {bytes.data(), bytes.size()}, numbers);
  return numbers;
}

}  // namespace mreg::onnx
