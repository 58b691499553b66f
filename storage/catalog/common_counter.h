// Counts what one set of entries has in common with many.
#pragma once

#include <cstdint>
#include <vector>

#include "storage/catalog/bitmap.h"

namespace mreg::catalog {

// CRoaring's own way is fast where one of two sets is kept as bits. Of two lists (below 4,096 ids
// a block) it reads both with a branch for each id; here the ids of one are looked up in bits.
class CommonCounter {
 public:
  // `set` outlives it. Takes a bit for each id up to the set's last.
  explicit CommonCounter(const Bitmap& set);

  // `size` is that of `entries`.
  uint64_t Count(const Bitmap& entries, uint64_t size) const;

 private:
  const Bitmap& set_;
  const uint64_t size_;
  std::vector<uint64_t> words_;
};

}  // namespace mreg::catalog
