// Content-defined chunking: FastCDC (Xia et al., USENIX ATC 2016) with normalised chunking.
#pragma once

#include <cstdint>

#include "schema/base/bytes.h"

namespace mreg::content {

// Sizes in bytes; `average` is a power of two. The boundaries are part of no format: readers
// never cut. But a change of them stores old files anew, so they stay.
struct CutSizes {
  uint32_t min;
  uint32_t average;
  uint32_t max;
};
inline constexpr CutSizes kContentCut{16 << 10, 64 << 10, 256 << 10};
inline constexpr CutSizes kSkeletonCut{2 << 10, 8 << 10, 32 << 10};

// The length of the first chunk of `data`, which holds at least `sizes.max` bytes or all that is
// left of the stream. 0 only for empty data. Depends on those bytes alone.
uint32_t FirstCut(ByteView data, const CutSizes& sizes);

}  // namespace mreg::content
