// How much of a body is moved at a time.
#pragma once

#include <cstddef>

namespace mreg::http {

// Large enough that handing a piece to a worker (some 10 us) costs little beside moving it, small
// enough to stay in the processor's cache on its way. Each request under way holds two.
inline constexpr size_t kPieceBytes = 256 * 1024;

}  // namespace mreg::http
