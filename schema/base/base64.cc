#include "schema/base/base64.h"

#include "absl/strings/escaping.h"

namespace mreg {

std::string Base64Encode(ByteView bytes) {
  return absl::Base64Escape(absl::string_view(bytes.data(), bytes.size()));
}

std::optional<Bytes> Base64Decode(std::string_view text) {
  // Abseil skips white space inside; a credential has none.
  if (text.find_first_of(" \t\r\n\v\f") != std::string_view::npos) return std::nullopt;
  Bytes bytes;
  if (!absl::Base64Unescape(absl::string_view(text.data(), text.size()), &bytes)) {
    return std::nullopt;
  }
  return bytes;
}

}  // namespace mreg
