// Texts from anywhere, fit for a terminal.
#pragma once

#include <string>
#include <string_view>

namespace mreg {

// Escapes what moves a cursor, hides or reorders text: control characters, bidirectional marks,
// zero-width characters, separators of lines, and bytes that are not UTF-8, as \u{NNNN} or \xNN.
std::string EscapeForDisplay(std::string_view text);

// The same within the strings of a JSON document of UTF-8, as \uNNNN: what they say stays the same.
std::string EscapeJsonForDisplay(std::string_view document);

}  // namespace mreg
