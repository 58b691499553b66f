#include "storage/content/encoding/transposition.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "schema/base/coding.h"
#include "storage/content/encoding/element.h"

namespace mreg::encoding {
namespace {

constexpr char kMark = 7;  // among the kinds of rules
constexpr size_t kSize = 14;

bool Fits(const Transposition& turn, uint64_t base_bytes) {
  const uint64_t size = uint64_t{turn.rows} * turn.columns;
  return CanTranspose(turn.type) && turn.first < size &&
         size <= CountElements(turn.type, base_bytes);
}

template <size_t kWidth>
void Copy(ByteView base, const Transposition& turn, Bytes& out) {
  uint64_t column = turn.first / turn.rows, row = turn.first % turn.rows;
  for (size_t at = 0; at < out.size(); at += kWidth) {
    std::memcpy(out.data() + at, base.data() + (row * turn.columns + column) * kWidth, kWidth);
    if (++row == turn.rows) row = 0, ++column;
  }
}

}  // namespace

bool CanTranspose(onnx::DataType type) {
  const auto element = ElementOf(type);
  return element && element->width <= 8 && CountElements(type, element->width) == 1;
}

std::optional<Transposition> TranspositionTo(std::span<const int64_t> dims, uint64_t first,
                                             ByteView base, onnx::DataType type) {
  constexpr uint64_t kMost = std::numeric_limits<uint32_t>::max();
  if (dims.size() != 2 || first > kMost) return std::nullopt;
  if (std::ranges::any_of(dims, [](int64_t dim) { return dim <= 0 || dim > int64_t{kMost}; })) {
    return std::nullopt;
  }
  const Transposition turn{type, static_cast<uint32_t>(dims[1]), static_cast<uint32_t>(dims[0]),
                           static_cast<uint32_t>(first)};
  return Fits(turn, base.size()) ? std::optional(turn) : std::nullopt;
}

Bytes Transpose(ByteView base, const Transposition& turn, uint64_t most) {
  const uint64_t there = uint64_t{turn.rows} * turn.columns - turn.first;
  const size_t width = ElementOf(turn.type)->width;
  Bytes out(std::min(most, there) * width, '\0');
  switch (width) {
    case 1:
      Copy<1>(base, turn, out);
      break;
    case 2:
      Copy<2>(base, turn, out);
      break;
    case 4:
      Copy<4>(base, turn, out);
      break;
    default:
      Copy<8>(base, turn, out);
  }
  return out;
}

void AppendTransposition(const Transposition& turn, Bytes& out) {
  out.push_back(kMark);
  out.push_back(static_cast<char>(turn.type));
  for (const uint32_t number : {turn.rows, turn.columns, turn.first}) AppendU32Le(out, number);
}

bool HasTransposition(ByteView in) { return !in.empty() && in.front() == kMark; }

absl::StatusOr<Transposition> TakeTransposition(ByteView& in, size_t base_bytes) {
  const Transposition turn =
      in.size() < kSize ? Transposition()
                        : Transposition{static_cast<unsigned char>(in[1]), ReadU32Le(in.substr(2)),
                                        ReadU32Le(in.substr(6)), ReadU32Le(in.substr(10))};
  if (!Fits(turn, base_bytes)) return absl::DataLossError("an encoded chunk is damaged");
  in.remove_prefix(kSize);
  return turn;
}

}  // namespace mreg::encoding
