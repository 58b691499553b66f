#include "schema/base/allocator.h"

#include <malloc.h>

namespace mreg {
namespace {

constexpr int kLargestReused = 32 << 20;  // the most that glibc allows
constexpr int kMostKept = 64 << 20;       // of free memory at the top of the heap

}  // namespace

void ReuseLargeBlocks() {
  mallopt(M_MMAP_THRESHOLD, kLargestReused);
  mallopt(M_TRIM_THRESHOLD, kMostKept);
}

}  // namespace mreg
