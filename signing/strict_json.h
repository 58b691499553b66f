// JSON that everybody reads alike, for documents that somebody vouches for. Internal to signing.
#pragma once

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "schema/base/bytes.h"

namespace mreg::signing {

// InvalidArgument for anything but one JSON value (RFC 8259) in UTF-8 without a byte order mark,
// for an object that has a member twice, and for what nests deeper than 64. In memory some 50
// times the text at most: the caller bounds that.
absl::StatusOr<nlohmann::json> ParseStrictJson(ByteView text);

// The text that `object` has as `member`; nothing if that is not there or no text, or if `object`
// is none.
const std::string* FindText(const nlohmann::json& object, const char* member);

}  // namespace mreg::signing
