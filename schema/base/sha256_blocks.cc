#include "schema/base/sha256_blocks.h"

#include <cstdlib>

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace mreg::sha256_blocks {

// FIPS 180-4, 5.3.3.
State InitialState() {
  return {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
          0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
}

#ifdef __x86_64__
namespace {

// FIPS 180-4, 4.2.2.
alignas(16) constexpr uint32_t kRoundConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

// Vectors are written from their highest word: {a, b, e, f} and {c, d, g, h} is how the
// instructions want the state.
struct Lane {
  State& state;
  const char* data;
};

// What the instructions do is in Intel's manual (SHA256RNDS2, SHA256MSG1, SHA256MSG2).
template <size_t kLanes>
__attribute__((target("sha,sse4.1"))) void CompressLanes(std::array<Lane, kLanes> lanes,
                                                         size_t blocks) {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  __m128i abef[kLanes], cdgh[kLanes], words[kLanes][4];
  for (size_t n = 0; n < kLanes; ++n) {
    const State& s = lanes[n].state;
    const auto word = [&s](size_t i) { return static_cast<int>(s[i]); };
    abef[n] = _mm_set_epi32(word(0), word(1), word(4), word(5));
    cdgh[n] = _mm_set_epi32(word(2), word(3), word(6), word(7));
  }
  for (; blocks > 0; --blocks) {
    __m128i abef_before[kLanes], cdgh_before[kLanes];
    for (size_t n = 0; n < kLanes; ++n) {
      abef_before[n] = abef[n];
      cdgh_before[n] = cdgh[n];
      const auto* const block = reinterpret_cast<const __m128i*>(lanes[n].data);
      for (size_t i = 0; i < 4; ++i) {
        words[n][i] = _mm_shuffle_epi8(_mm_loadu_si128(block + i), big_endian);
      }
      lanes[n].data += kBlockBytes;
    }
#pragma GCC unroll 16
    for (size_t four = 0; four < 16; ++four) {  // rounds
      const __m128i constants =
          _mm_load_si128(reinterpret_cast<const __m128i*>(kRoundConstants + 4 * four));
#pragma GCC unroll 2
      for (size_t n = 0; n < kLanes; ++n) {
        __m128i& now = words[n][four % 4];
        const __m128i input = _mm_add_epi32(now, constants);
        cdgh[n] = _mm_sha256rnds2_epu32(cdgh[n], abef[n], input);
        abef[n] = _mm_sha256rnds2_epu32(abef[n], cdgh[n], _mm_shuffle_epi32(input, 0x0e));
        if (four >= 12) continue;
        // The words of four rounds later, 16 words on.
        const __m128i next = words[n][(four + 1) % 4], after = words[n][(four + 2) % 4],
                      last = words[n][(four + 3) % 4];
        now = _mm_add_epi32(_mm_sha256msg1_epu32(now, next), _mm_alignr_epi8(last, after, 4));
        now = _mm_sha256msg2_epu32(now, last);
      }
    }
    for (size_t n = 0; n < kLanes; ++n) {
      abef[n] = _mm_add_epi32(abef[n], abef_before[n]);
      cdgh[n] = _mm_add_epi32(cdgh[n], cdgh_before[n]);
    }
  }
  for (size_t n = 0; n < kLanes; ++n) {
    alignas(16) uint32_t feba[4], hgdc[4];
    _mm_store_si128(reinterpret_cast<__m128i*>(feba), abef[n]);
    _mm_store_si128(reinterpret_cast<__m128i*>(hgdc), cdgh[n]);
    lanes[n].state = {feba[3], feba[2], hgdc[3], hgdc[2], feba[1], feba[0], hgdc[1], hgdc[0]};
  }
}

bool HasInstructions() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_SSE4_1) == 0) return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
}

}  // namespace

bool IsSupported() {
  static const bool is_supported = HasInstructions();
  return is_supported;
}

void Compress(State& state, const char* data, size_t blocks) {
  CompressLanes<1>({{{state, data}}}, blocks);
}

void CompressTwo(State& first, const char* first_data, State& second, const char* second_data,
                 size_t blocks) {
  CompressLanes<2>({{{first, first_data}, {second, second_data}}}, blocks);
}

#else

bool IsSupported() { return false; }
void Compress(State&, const char*, size_t) { std::abort(); }
void CompressTwo(State&, const char*, State&, const char*, size_t) { std::abort(); }

#endif

}  // namespace mreg::sha256_blocks
