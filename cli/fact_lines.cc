#include "cli/fact_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "cli/display.h"

namespace mreg::cli {
namespace {

constexpr size_t kShownText = 100;  // bytes of a text in a line

}  // namespace

void FactLines::Add(std::string_view name, const std::string& text) {
  if (text.empty()) return;
  table_.AddRow({std::string(name == last_ ? "" : name), text});
  last_ = name;
}

std::string Shortened(std::string_view text) {
  const std::string_view line = text.substr(0, std::min(text.find('\n'), kShownText));
  return Shown(line) + (line.size() < text.size() ? "..." : "");
}

std::string FormatThousands(uint64_t count) {
  constexpr std::string_view kUnits[] = {"", " k", " M", " G", " T"};
  auto value = static_cast<double>(count);
  size_t unit = 0;
  for (; value >= 1000 && unit + 1 < std::size(kUnits); ++unit) value /= 1000;
  return unit == 0 ? fmt::to_string(count) : fmt::format("{:.3g}{}", value, kUnits[unit]);
}

}  // namespace mreg::cli
