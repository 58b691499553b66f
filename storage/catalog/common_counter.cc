#include "storage/catalog/common_counter.h"

#include <algorithm>
#include <span>

namespace mreg::catalog {
namespace {

constexpr uint64_t kWordBits = 64;
// Where more of a block's ids than one in so many are had, CRoaring keeps bits and not a list.
constexpr uint64_t kListed = 16;
constexpr uint32_t kPiece = 1'024;

template <typename Take>
void ForEachPiece(const Bitmap& entries, const Take& take) {
  EntryId ids[kPiece];
  roaring_uint32_iterator_t at;
  roaring_init_iterator(&entries.roaring, &at);
  while (const uint32_t count = roaring_read_uint32_iterator(&at, ids, kPiece)) {
    take(std::span<const EntryId>(ids, count));
  }
}

}  // namespace

CommonCounter::CommonCounter(const Bitmap& set) : set_(set), size_(set.cardinality()) {
  if (size_ == 0) return;
  words_.resize(set.maximum() / kWordBits + 1);
  ForEachPiece(set, [&](std::span<const EntryId> ids) {
    for (const EntryId id : ids) words_[id / kWordBits] |= uint64_t{1} << id % kWordBits;
  });
}

uint64_t CommonCounter::Count(const Bitmap& entries, uint64_t size) const {
  const bool is_kept_as_bits = size * kListed > words_.size() * kWordBits;
  const bool is_much_longer = size > size_ * kListed;
  if (is_kept_as_bits || is_much_longer) return set_.and_cardinality(entries);
  uint64_t common = 0;
  ForEachPiece(entries, [&](std::span<const EntryId> ids) {
    for (const EntryId id : ids) {
      if (id / kWordBits >= words_.size()) return;  // ids only grow
      common += words_[id / kWordBits] >> id % kWordBits & 1;
    }
  });
  return common;
}

}  // namespace mreg::catalog
