// Lower-case hexadecimal, the text form of every digest.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schema/base/bytes.h"

namespace mreg {

std::string HexEncode(ByteView bytes);

// Nothing if `text` has an odd length or a character outside [0-9a-f]. Upper case is refused, so
// that a digest has exactly one text form.
std::optional<Bytes> HexDecode(std::string_view text);

}  // namespace mreg
