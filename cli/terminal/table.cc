#include "cli/terminal/table.h"

#include <utf8proc.h>

#include <algorithm>

namespace mreg::terminal {
namespace {

constexpr size_t kGap = 2;

// An escape sequence that colours what follows: ESC [ ... m.
size_t ColourSequenceLength(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  const size_t end = text.find('m');
  return end == std::string_view::npos ? 0 : end + 1;
}

void AppendCell(std::string& line, std::string_view cell, size_t width, Align align) {
  const size_t padding = width - DisplayWidth(cell);
  if (align == Align::kRight) line.append(padding, ' ');
  line += cell;
  if (align == Align::kLeft) line.append(padding, ' ');
}

}  // namespace

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    if (const size_t colour = ColourSequenceLength(text); colour > 0) {
      text.remove_prefix(colour);
      continue;
    }
    utf8proc_int32_t c = 0;
    const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                         static_cast<utf8proc_ssize_t>(text.size()), &c);
    width += length > 0 ? static_cast<size_t>(utf8proc_charwidth(c)) : 1;
    text.remove_prefix(length > 0 ? static_cast<size_t>(length) : 1);
  }
  return width;
}

std::string Table::ToText(size_t indent) const {
  std::vector<size_t> widths(columns_.size(), 0);
  for (const auto& row : rows_) {
    for (size_t i = 0; i < widths.size(); ++i)
      widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line(indent, ' ');
    for (size_t i = 0; i < widths.size(); ++i) {
      if (i > 0) line.append(kGap, ' ');
      AppendCell(line, row[i], widths[i], columns_[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace mreg::terminal
