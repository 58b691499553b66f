// Elements split into byte planes, so that what varies little (exponents, high bytes of integers)
// lies together: docs/formats/encodings.md.
#pragma once

#include <span>

#include "absl/status/status.h"
#include "schema/base/bytes.h"
#include "storage/content/encoding/element.h"

namespace mreg::encoding {

// Appends `plain` to `out` as the planes of its elements, each a frame; bytes behind the last
// whole element follow as they are.
void AppendPlanes(ByteView plain, const Element& element, Bytes& out);

// Fills `plain` from what AppendPlanes wrote, which is taken off `in`. DataLoss if it is not that.
absl::Status TakePlanes(ByteView& in, const Element& element, std::span<char> plain);

}  // namespace mreg::encoding
