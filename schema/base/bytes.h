// Byte strings. Every library mreg stands on (protobuf, RocksDB, httplib) takes std::string, so a
// buffer crosses all of them without a copy; the two names say that bytes, not text, are meant.
#pragma once

#include <string>
#include <string_view>

namespace mreg {

using Bytes = std::string;
using ByteView = std::string_view;

}  // namespace mreg
