#include "schema/formats/card_body.h"

#include <algorithm>

#include "schema/formats/card.h"

namespace mreg::formats {
namespace {

bool IsBlank(char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

// At most `most` bytes, and three dots for what is left out; no character is cut in two.
std::string Cut(std::string text, size_t most) {
  if (text.size() <= most) return text;
  size_t length = most - 3;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) --length;
  text.resize(length);
  return text + "...";
}

size_t RunOf(char c, std::string_view line) {
  return std::min(line.find_first_not_of(c), line.size());
}

bool IsFence(std::string_view line) {
  if (line.starts_with("~~~")) return true;
  return line.starts_with("```") && line.find('`', RunOf('`', line)) == std::string_view::npos;
}

// "## Title".
bool IsHeading(std::string_view line) {
  const size_t level = RunOf('#', line);
  return level >= 1 && level <= 6 && (level == line.size() || IsBlank(line[level]));
}

// "Title" of "## Title ##".
std::string_view HeadingText(std::string_view line) {
  line = Trim(line.substr(RunOf('#', line)));
  std::string_view text = line;
  while (text.ends_with('#')) text.remove_suffix(1);
  return text.empty() || IsBlank(text.back()) ? Trim(text) : line;
}

bool IsUnderline(std::string_view line) {
  return RunOf('=', line) == line.size() || RunOf('-', line) == line.size();
}

bool IsRule(std::string_view line) {
  const char mark = line.front();
  if (mark != '-' && mark != '*' && mark != '_') return false;
  return std::ranges::count(line, mark) >= 3 &&
         std::ranges::all_of(line, [&](char c) { return c == mark || IsBlank(c); });
}

bool IsListItem(std::string_view line) {
  for (const std::string_view bullet : {"- ", "* ", "+ "}) {
    if (line.starts_with(bullet)) return true;
  }
  const size_t digits = std::min(line.find_first_not_of("0123456789"), line.size());
  const std::string_view rest = line.substr(digits);
  return digits > 0 && (rest.starts_with(". ") || rest.starts_with(") "));
}

// Whether what begins with `line` is none of a paragraph's kind.
bool BeginsOther(std::string_view line) {
  for (const std::string_view mark : {"<", "|", ">", "![", "[!["}) {
    if (line.starts_with(mark)) return true;
  }
  return IsListItem(line) || IsRule(line);
}

// Takes lines until there is a title and a summary.
class BodyReader {
 public:
  void Take(std::string_view line) {
    const bool is_indented = line.starts_with("    ") || line.starts_with('\t');
    line = Trim(line);
    if (InCode(line) || InComment(line)) return;
    if (line.empty()) return End();
    if (!paragraph_.empty() && IsUnderline(line)) return EndAsHeading();
    if (IsHeading(line)) {
      End();
      return SetTitle(HeadingText(line));
    }
    const bool is_other = BeginsOther(line) || (is_indented && paragraph_.empty());
    if (is_other && (paragraph_.empty() || IsListItem(line) || IsRule(line))) {
      End();
      is_passing_ = !IsRule(line);
    }
    if (!is_passing_ && !IsRule(line)) Append(line);
  }

  bool IsDone() const { return !body_.title.empty() && !body_.summary.empty(); }

  CardBody Finish() {
    End();
    return {Cut(OneLine(body_.title), kMaxCardTitle), Cut(OneLine(body_.summary), kMaxCardSummary)};
  }

 private:
  bool InCode(std::string_view line) {
    if (fence_.empty()) {
      if (!IsFence(line)) return false;
      End();
      fence_ = line.substr(0, RunOf(line.front(), line));
    } else if (line.starts_with(fence_)) {
      fence_ = {};
    }
    return true;
  }

  bool InComment(std::string_view line) {
    if (!is_comment_ && !line.starts_with("<!--")) return false;
    is_comment_ = line.find("-->") == std::string_view::npos;
    return true;
  }

  // More of a paragraph than fits a summary is not kept.
  void Append(std::string_view line) {
    if (paragraph_.size() > kMaxCardSummary) return;
    if (!paragraph_.empty()) paragraph_ += ' ';
    paragraph_ += line;
  }

  void SetTitle(std::string_view text) {
    if (body_.title.empty()) body_.title = text;
  }

  void End() {
    if (body_.summary.empty()) body_.summary = paragraph_;
    paragraph_.clear();
    is_passing_ = false;
  }

  void EndAsHeading() {
    SetTitle(paragraph_);
    paragraph_.clear();
  }

  CardBody body_;
  std::string paragraph_;    // that has begun
  bool is_passing_ = false;  // over a block that is no paragraph, up to an empty line
  bool is_comment_ = false;
  std::string_view fence_;  // that ends the code; "" outside
};

}  // namespace

std::string OneLine(std::string_view text) {
  std::string line;
  for (const char c : Trim(text)) {
    if (!IsBlank(c)) {
      line += c;
    } else if (line.back() != ' ') {
      line += ' ';
    }
  }
  return line;
}

CardBody ReadCardBody(std::string_view markdown) {
  BodyReader reader;
  while (!markdown.empty() && !reader.IsDone()) {
    const size_t end = std::min(markdown.find('\n'), markdown.size());
    reader.Take(markdown.substr(0, end));
    markdown.remove_prefix(std::min(end + 1, markdown.size()));
  }
  return reader.Finish();
}

}  // namespace mreg::formats
