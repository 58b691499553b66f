// Columns of text, aligned.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mreg::terminal {

// Cells that `text` takes up on a terminal: wide characters count two, combining ones none.
size_t DisplayWidth(std::string_view text);

enum class Align { kLeft, kRight };

class Table {
 public:
  explicit Table(std::vector<Align> columns) : columns_(std::move(columns)) {}

  // As many cells as there are columns.
  void AddRow(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }

  // Lines of `indent` blanks and the cells, two blanks apart, no blanks at their ends.
  std::string ToText(size_t indent = 0) const;

 private:
  const std::vector<Align> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace mreg::terminal
