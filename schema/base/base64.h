// Base64 (RFC 4648, section 4), the text form of bytes in JSON and HTTP.
#pragma once

#include <optional>
#include <string_view>

#include "schema/base/bytes.h"

namespace mreg {

// With padding.
std::string Base64Encode(ByteView bytes);

// Nothing for anything but the standard alphabet with correct padding or none.
std::optional<Bytes> Base64Decode(std::string_view text);

}  // namespace mreg
