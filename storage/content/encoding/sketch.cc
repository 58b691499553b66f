#include "storage/content/encoding/sketch.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "schema/base/split_mix.h"

namespace mreg::encoding {
namespace {

constexpr size_t kSums = 64;
constexpr size_t kPairs = kSketchElements / (2 * kSums);
constexpr size_t kLeastElements = 1'024;
// A sum this near to zero, by the sums' root mean square, makes its bit doubtful.
constexpr float kDoubt = 0.25f;
// At least so many sums are not zero, or the values tell nothing.
constexpr int kLeastSums = 48;

// The signs with which pairs of elements are summed up. The seed is arbitrary; another one would
// make strangers of all sketches that are kept.
constexpr std::array<uint64_t, kPairs> MakeSigns() {
  std::array<uint64_t, kPairs> signs{};
  uint64_t state = 0x6d72656720736b65;
  for (uint64_t& word : signs) word = SplitMix64(state);
  return signs;
}
constexpr std::array<uint64_t, kPairs> kSigns = MakeSigns();

template <typename Word>
std::vector<float> Numbers(ByteView head) {
  std::vector<float> values(std::min(head.size() / sizeof(Word), kSketchElements));
  for (size_t i = 0; i < values.size(); ++i) {
    Word word;
    std::memcpy(&word, head.data() + i * sizeof(Word), sizeof(Word));
    values[i] = static_cast<float>(word);
  }
  return values;
}

// Floats of 16 bits, by putting them into the upper bits of wider ones: `shift` to the left, and
// by `scale`, what the exponents' biases differ in.
std::vector<float> ShortFloats(ByteView head, int shift, float scale) {
  std::vector<float> values = Numbers<uint16_t>(head);
  for (float& value : values) {
    const uint32_t word = static_cast<uint32_t>(value);
    const uint32_t wide = ((word & 0x8000u) << 16) | ((word & 0x7fffu) << shift);
    value = std::bit_cast<float>(wide) * scale;
  }
  return values;
}

// Two in a byte, the first in its lower half.
std::vector<float> HalfBytes(ByteView head, bool is_signed) {
  std::vector<float> values(std::min(head.size() * 2, kSketchElements));
  for (size_t i = 0; i < values.size(); ++i) {
    const auto byte = static_cast<unsigned char>(head[i / 2]);
    const int nibble = i % 2 == 0 ? byte & 15 : byte >> 4;
    values[i] = static_cast<float>(is_signed && nibble > 7 ? nibble - 16 : nibble);
  }
  return values;
}

// Numbers: TensorProto.DataType, as in element.cc.
std::vector<float> ValuesOf(ByteView head, onnx::DataType type) {
  switch (type) {
    case 1:  // FLOAT
      return Numbers<float>(head);
    case 2:  // UINT8
      return Numbers<uint8_t>(head);
    case 3:  // INT8
      return Numbers<int8_t>(head);
    case 4:  // UINT16
      return Numbers<uint16_t>(head);
    case 5:  // INT16
      return Numbers<int16_t>(head);
    case 6:  // INT32
      return Numbers<int32_t>(head);
    case 10:  // FLOAT16
      return ShortFloats(head, 13, 0x1p112f);
    case 11:  // DOUBLE
      return Numbers<double>(head);
    case 16:  // BFLOAT16
      return ShortFloats(head, 16, 1);
    case 21:  // UINT4
      return HalfBytes(head, /*is_signed=*/false);
    case 22:  // INT4
      return HalfBytes(head, /*is_signed=*/true);
    default:
      return {};
  }
}

// Each sum is over the elements whose number is its own modulo 64, one pair after the other, the
// second of each less the first or the other way round: what all elements have in common falls out.
std::array<float, kSums> SumUp(const std::vector<float>& values) {
  std::array<float, kSums> sums{};
  for (size_t pair = 0; (pair + 1) * 2 * kSums <= values.size(); ++pair) {
    const float* const first = values.data() + pair * 2 * kSums;
    for (size_t i = 0; i < kSums; ++i) {
      const float difference = first[i + kSums] - first[i];
      // NaN and what is infinite tell nothing.
      if (!(std::abs(difference) <= std::numeric_limits<float>::max())) continue;
      sums[i] += (kSigns[pair] >> i & 1) != 0 ? difference : -difference;
    }
  }
  return sums;
}

}  // namespace

std::optional<Sketch> SketchOf(ByteView head, onnx::DataType type) {
  const std::vector<float> values = ValuesOf(head, type);
  if (values.size() < kLeastElements) return std::nullopt;
  const std::array<float, kSums> sums = SumUp(values);
  double squares = 0;
  for (const float sum : sums) squares += double{sum} * sum;
  const double doubt = kDoubt * std::sqrt(squares / kSums);
  Sketch sketch;
  for (size_t i = 0; i < kSums; ++i) {
    if (sums[i] > 0) sketch.bits |= uint64_t{1} << i;
    if (std::abs(sums[i]) < doubt) sketch.doubtful |= uint64_t{1} << i;
  }
  const auto zeros = std::ranges::count(sums, 0.0f);
  if (static_cast<int>(kSums) - static_cast<int>(zeros) < kLeastSums) return std::nullopt;
  return sketch;
}

int Distance(uint64_t a, uint64_t b) { return std::popcount(a ^ b); }

}  // namespace mreg::encoding
