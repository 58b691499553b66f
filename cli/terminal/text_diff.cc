#include "cli/terminal/text_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace mreg::terminal {
namespace {

constexpr size_t kContext = 3;
// Lines removed and added: the effort grows with its square.
constexpr int kMostEdits = 1000;

using Lines = std::vector<std::string_view>;

Lines SplitLines(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1);
    lines.push_back(text.substr(0, end + 1));
    text.remove_prefix(end + 1);
  }
  return lines;
}

enum class Edit : char { kKeep = ' ', kRemove = '-', kAdd = '+' };
using Script = std::vector<Edit>;

// E. W. Myers, "An O(ND) difference algorithm and its variations" (1986), figure 2, with the
// furthest points of each step kept so that the way can be walked back.
class Differ {
 public:
  Differ(const Lines& before, const Lines& after)
      : n_(static_cast<int>(before.size())),
        m_(static_cast<int>(after.size())),
        before_(before),
        after_(after) {}

  Script Run() {
    const int most = std::min(n_ + m_, kMostEdits);
    std::vector<int> furthest(2 * static_cast<size_t>(most) + 3, 0);
    for (int d = 0; d <= most; ++d) {
      trace_.push_back(furthest);
      for (int k = -d; k <= d; k += 2) {
        const int x = Extend(furthest, most, d, k);
        if (x >= n_ && x - k >= m_) return WalkBack(most, d);
      }
    }
    Script replaced(before_.size(), Edit::kRemove);
    replaced.insert(replaced.end(), after_.size(), Edit::kAdd);
    return replaced;
  }

 private:
  static bool ComesFromAbove(const std::vector<int>& furthest, int most, int d, int k) {
    return k == -d || (k != d && At(furthest, most, k - 1) < At(furthest, most, k + 1));
  }
  static int At(const std::vector<int>& furthest, int most, int k) {
    return furthest[static_cast<size_t>(k + most + 1)];
  }

  int Extend(std::vector<int>& furthest, int most, int d, int k) const {
    const bool is_add = ComesFromAbove(furthest, most, d, k);
    int x = is_add ? At(furthest, most, k + 1) : At(furthest, most, k - 1) + 1;
    while (x < n_ && x - k < m_ && Same(x, x - k)) ++x;
    furthest[static_cast<size_t>(k + most + 1)] = x;
    return x;
  }

  bool Same(int x, int y) const {
    return before_[static_cast<size_t>(x)] == after_[static_cast<size_t>(y)];
  }

  Script WalkBack(int most, int d) const {
    Script script;
    int x = n_;
    int y = m_;
    for (; d > 0; --d) {
      const std::vector<int>& furthest = trace_[static_cast<size_t>(d)];
      const bool is_add = ComesFromAbove(furthest, most, d, x - y);
      const int from_k = is_add ? x - y + 1 : x - y - 1;
      const int from_x = At(furthest, most, from_k);
      const int from_y = from_x - from_k;
      for (; x > from_x && y > from_y; --x, --y) script.push_back(Edit::kKeep);
      script.push_back(is_add ? Edit::kAdd : Edit::kRemove);
      x = from_x;
      y = from_y;
    }
    script.insert(script.end(), static_cast<size_t>(x), Edit::kKeep);
    std::reverse(script.begin(), script.end());
    return script;
  }

  const int n_, m_;
  const Lines& before_;
  const Lines& after_;
  std::vector<std::vector<int>> trace_;
};

Script MakeScript(const Lines& before, const Lines& after) {
  const size_t shorter = std::min(before.size(), after.size());
  size_t head = 0;
  while (head < shorter && before[head] == after[head]) ++head;
  size_t tail = 0;
  while (tail < shorter - head &&
         before.end()[-1 - static_cast<long>(tail)] == after.end()[-1 - static_cast<long>(tail)]) {
    ++tail;
  }
  const Lines old_middle(before.begin() + static_cast<long>(head),
                         before.end() - static_cast<long>(tail));
  const Lines new_middle(after.begin() + static_cast<long>(head),
                         after.end() - static_cast<long>(tail));
  Script script(head, Edit::kKeep);
  const Script middle = Differ(old_middle, new_middle).Run();
  script.insert(script.end(), middle.begin(), middle.end());
  script.insert(script.end(), tail, Edit::kKeep);
  return script;
}

// Half-open ranges of the script that make up a hunk each.
std::vector<std::pair<size_t, size_t>> HunksOf(const Script& script) {
  std::vector<std::pair<size_t, size_t>> hunks;
  for (size_t i = 0; i < script.size(); ++i) {
    if (script[i] == Edit::kKeep) continue;
    const size_t begin = i > kContext ? i - kContext : 0;
    const size_t end = std::min(i + 1 + kContext, script.size());
    if (!hunks.empty() && begin <= hunks.back().second) {
      hunks.back().second = end;
    } else {
      hunks.emplace_back(begin, end);
    }
  }
  return hunks;
}

// A range of lines as a hunk's head names it; the line before, where the range is empty.
std::string RangeName(size_t start, size_t count) {
  const size_t first = count == 0 ? start : start + 1;
  return count == 1 ? fmt::format("{}", first) : fmt::format("{},{}", first, count);
}

}  // namespace

std::string UnifiedDiff(std::string_view before, std::string_view after) {
  const Lines old_lines = SplitLines(before);
  const Lines new_lines = SplitLines(after);
  const Script script = MakeScript(old_lines, new_lines);
  std::string text;
  size_t at = 0, x = 0, y = 0;
  for (const auto& [begin, end] : HunksOf(script)) {
    // Between hunks every line is kept.
    x += begin - at;
    y += begin - at;
    const size_t x0 = x;
    const size_t y0 = y;
    std::string body;
    for (at = begin; at < end; ++at) {
      const std::string_view line = script[at] == Edit::kAdd ? new_lines[y] : old_lines[x];
      body += static_cast<char>(script[at]);
      body += line;
      if (!line.ends_with('\n')) body += "\n\\ No newline at end of file\n";
      x += script[at] != Edit::kAdd;
      y += script[at] != Edit::kRemove;
    }
    text += fmt::format("@@ -{} +{} @@\n{}", RangeName(x0, x - x0), RangeName(y0, y - y0), body);
  }
  return text;
}

}  // namespace mreg::terminal
