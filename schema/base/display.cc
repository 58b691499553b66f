#include "schema/base/display.h"

#include <fmt/format.h>
#include <utf8proc.h>

namespace mreg {
namespace {

constexpr utf8proc_int32_t kFirstOfPairs = 0x10000;

bool IsInvisible(utf8proc_int32_t c) {
  const auto category = utf8proc_category(c);
  return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF ||
         category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

// `escape` is called with each character that is invisible, `escape_byte` with what is no UTF-8.
template <typename Escape, typename EscapeByte>
std::string Escaped(std::string_view text, const Escape& escape, const EscapeByte& escape_byte) {
  std::string shown;
  while (!text.empty()) {
    utf8proc_int32_t c = 0;
    const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                         static_cast<utf8proc_ssize_t>(text.size()), &c);
    if (length <= 0) {
      shown += escape_byte(static_cast<unsigned char>(text.front()));
      text.remove_prefix(1);
      continue;
    }
    const std::string_view character = text.substr(0, static_cast<size_t>(length));
    IsInvisible(c) ? shown += escape(c) : shown += character;
    text.remove_prefix(character.size());
  }
  return shown;
}

// Of UTF-16, as JSON has it.
std::string JsonEscape(utf8proc_int32_t c) {
  if (c < kFirstOfPairs) return fmt::format("\\u{:04x}", c);
  const utf8proc_int32_t rest = c - kFirstOfPairs;
  return fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + (rest >> 10), 0xdc00 + (rest & 0x3ff));
}

}  // namespace

std::string EscapeForDisplay(std::string_view text) {
  return Escaped(
      text, [](utf8proc_int32_t c) { return fmt::format("\\u{{{:04x}}}", c); },
      [](unsigned char byte) { return fmt::format("\\x{:02x}", byte); });
}

std::string EscapeJsonForDisplay(std::string_view document) {
  return Escaped(
      document, [](utf8proc_int32_t c) { return c == '\n' ? std::string("\n") : JsonEscape(c); },
      [](unsigned char) { return JsonEscape(0xfffd); });
}

}  // namespace mreg
