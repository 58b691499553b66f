#include "storage/content/content_cutter.h"

#include <algorithm>
#include <array>
#include <bit>

#include "schema/base/split_mix.h"

namespace mreg::content {
namespace {

// One random number for each value of a byte. The seed is arbitrary and must never change: with
// it every boundary would.
constexpr std::array<uint64_t, 256> MakeGear() {
  std::array<uint64_t, 256> gear{};
  uint64_t state = 0x6d72656720676561;
  for (uint64_t& entry : gear) entry = SplitMix64(state);
  return gear;
}
constexpr std::array<uint64_t, 256> kGear = MakeGear();

// The top `bits` bits: the ones that all of the last 64 bytes have had a part in.
constexpr uint64_t TopBits(int bits) { return ~uint64_t{0} << (64 - bits); }

// How far normalised chunking raises and lowers the bits of the mask, before the average size and
// after it: level 2 in the paper.
constexpr int kNormalisation = 2;

// The position after the first byte in [from, to) at which the rolling hash has no bit of `mask`
// set; `to` if there is none. `hash` goes in and out.
uint32_t Roll(ByteView data, uint32_t from, uint32_t to, uint64_t mask, uint64_t& hash) {
  uint64_t rolling = hash;
  const auto* const bytes = reinterpret_cast<const uint8_t*>(data.data());
  for (uint32_t i = from; i < to; ++i) {
    rolling = (rolling << 1) + kGear[bytes[i]];
    if ((rolling & mask) == 0) return i + 1;
  }
  hash = rolling;
  return to;
}

}  // namespace

uint32_t FirstCut(ByteView data, const CutSizes& sizes) {
  const auto end = static_cast<uint32_t>(std::min<size_t>(data.size(), sizes.max));
  if (end <= sizes.min) return end;
  const int bits = std::countr_zero(sizes.average);
  const uint32_t average = std::min(sizes.average, end);
  uint64_t hash = 0;
  const uint32_t cut = Roll(data, sizes.min, average, TopBits(bits + kNormalisation), hash);
  if (cut < average) return cut;
  return Roll(data, average, end, TopBits(bits - kNormalisation), hash);
}

}  // namespace mreg::content
