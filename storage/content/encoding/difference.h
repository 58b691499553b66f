// Elements as differences to others that are alike: docs/formats/encodings.md.
#pragma once

#include <span>

#include "absl/status/status.h"
#include "schema/base/bytes.h"
#include "storage/content/encoding/element.h"

namespace mreg::encoding {

// Appends `plain` to `out` as its elements' differences to those of `base`. Where `base` is
// shorter, the rest follows as planes; where it is longer, its end is not looked at. Always
// possible; whether it pays is for the caller to see.
void AppendDifference(ByteView plain, ByteView base, const Element& element, Bytes& out);

// Fills `plain` from what AppendDifference wrote with the same base, which is taken off `in`.
// DataLoss if it is not that. With another base the result is other bytes or DataLoss.
absl::Status TakeDifference(ByteView& in, ByteView base, const Element& element,
                            std::span<char> plain);

}  // namespace mreg::encoding
