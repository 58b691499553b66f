// Lines of a name and a text, as models are described in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cli/terminal/table.h"

namespace mreg::cli {

// Collects the lines; a name stands only before the first of its lines.
class FactLines {
 public:
  // Nothing for an empty text.
  void Add(std::string_view name, const std::string& text);
  std::string ToText() const { return table_.ToText(2); }

 private:
  terminal::Table table_{{terminal::Align::kLeft, terminal::Align::kLeft}};
  std::string last_;
};

// The beginning of the first line, escaped. The whole is for the JSON.
std::string Shortened(std::string_view text);

// "44 M", as people count parameters.
std::string FormatThousands(uint64_t count);

}  // namespace mreg::cli
