#include "storage/catalog/common_counter.h"

#include <gtest/gtest.h>

#include <random>

namespace mreg::catalog {
namespace {

// About one of `of` ids below `end`.
Bitmap RandomSet(std::mt19937& random, EntryId end, uint32_t of) {
  Bitmap set;
  for (EntryId id = 1; id < end; ++id) {
    if (random() % of == 0) set.add(id);
  }
  return set;
}

TEST(CommonCounter, CountsAsRoaringDoes) {
  std::mt19937 random(1);
  std::vector<Bitmap> sets = {Bitmap(), Bitmap::bitmapOf(1, 1u), Bitmap::bitmapOf(1, 262'143u),
                              Bitmap::bitmapOf(3, 63u, 64u, 65'536u)};
  for (const EntryId end : {64u, 65u, 70'000u, 200'000u}) {
    for (const uint32_t of : {1u, 2u, 15u, 17u, 300u, 20'000u}) {
      sets.push_back(RandomSet(random, end, of));
    }
  }
  for (const Bitmap& set : sets) {
    const CommonCounter counter(set);
    for (const Bitmap& other : sets) {
      EXPECT_EQ(counter.Count(other, other.cardinality()), set.and_cardinality(other))
          << set.cardinality() << " and " << other.cardinality();
    }
  }
}

}  // namespace
}  // namespace mreg::catalog
