// Sets of entries' ids.
#pragma once

#include <cstdint>
#include <roaring/roaring.hh>

namespace mreg::catalog {

using EntryId = uint32_t;  // counted from 1 in the order in which entries came
inline constexpr EntryId kLastEntryId = 1 << 28;
using Bitmap = Roaring;

}  // namespace mreg::catalog
