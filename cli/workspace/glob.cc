#include "cli/workspace/glob.h"

#include <array>
#include <cctype>
#include <string_view>
#include <utility>

namespace mreg::workspace {
namespace {

using ByteSet = std::bitset<256>;

size_t Index(char c) { return static_cast<unsigned char>(c); }

ByteSet AllBut(char c) {
  ByteSet set;
  set.set();
  set.reset(Index(c));
  return set;
}

// The C locale's classes, whatever the user's: a pattern means the same everywhere.
bool AddClass(std::string_view name, ByteSet& set) {
  using Test = int (*)(int);
  static constexpr std::array<std::pair<std::string_view, Test>, 12> kClasses = {
      {{"alnum", std::isalnum},
       {"alpha", std::isalpha},
       {"blank", std::isblank},
       {"cntrl", std::iscntrl},
       {"digit", std::isdigit},
       {"graph", std::isgraph},
       {"lower", std::islower},
       {"print", std::isprint},
       {"punct", std::ispunct},
       {"space", std::isspace},
       {"upper", std::isupper},
       {"xdigit", std::isxdigit}}};
  for (const auto& [class_name, test] : kClasses) {
    if (class_name != name) continue;
    for (int c = 0; c < 128; ++c) {
      if (test(c) != 0) set.set(static_cast<size_t>(c));
    }
    return true;
  }
  return false;
}

// "[:name:]" at the start of `rest`.
bool TakeClass(std::string_view& rest, ByteSet& set) {
  const size_t end = rest.find(":]", 2);
  if (end == rest.npos || !AddClass(rest.substr(2, end - 2), set)) return false;
  rest.remove_prefix(end + 2);
  return true;
}

// One character of a bracket, perhaps escaped; there is one.
bool TakeBracketCharacter(std::string_view& rest, char& c) {
  if (rest.front() == '\\') rest.remove_prefix(1);
  if (rest.empty()) return false;
  c = rest.front();
  rest.remove_prefix(1);
  return true;
}

// "a" or "a-z"; a '-' before the closing bracket is itself.
bool TakeRange(std::string_view& rest, ByteSet& set) {
  char first = 0;
  if (!TakeBracketCharacter(rest, first)) return false;
  char last = first;
  if (rest.size() >= 2 && rest[0] == '-' && rest[1] != ']') {
    rest.remove_prefix(1);
    if (!TakeBracketCharacter(rest, last)) return false;
  }
  for (size_t c = Index(first); c <= Index(last); ++c) set.set(c);
  return true;
}

}  // namespace

Glob::Glob(std::string_view pattern) : is_valid_(Parse(pattern)) {}

void Glob::AddAnyOf(Kind kind, bool with_slash) {
  ByteSet set = AllBut('/');
  if (with_slash) set.set();
  elements_.push_back({kind, set});
}

void Glob::AddCharacter(char c) {
  ByteSet set;
  set.set(Index(c));
  elements_.push_back({Kind::kCharacter, set});
}

bool Glob::Parse(std::string_view pattern) {
  for (char before = '/'; !pattern.empty();) {
    const char c = pattern.front();
    if (c == '*') {
      before = ParseStars(pattern, before == '/') ? '/' : '*';
      continue;
    }
    before = c;
    if (c == '[') {
      if (!ParseBracket(pattern)) return false;
      continue;
    }
    if (c == '\\') pattern.remove_prefix(1);
    if (pattern.empty()) return false;
    if (c == '?') {
      AddAnyOf(Kind::kCharacter, /*with_slash=*/false);
    } else {
      AddCharacter(pattern.front());
    }
    pattern.remove_prefix(1);
  }
  return true;
}

// Takes a run of stars, and the '/' after it where that belongs to it: true then.
bool Glob::ParseStars(std::string_view& rest, bool is_at_start) {
  const size_t stars = std::min(rest.find_first_not_of('*'), rest.size());
  rest.remove_prefix(stars);
  if (stars == 2 && is_at_start && rest.empty()) {
    AddAnyOf(Kind::kStar, /*with_slash=*/true);
  } else if (stars == 2 && is_at_start && rest.front() == '/') {
    AddAnyOf(Kind::kFolders, /*with_slash=*/false);
    AddAnyOf(Kind::kFolderName, /*with_slash=*/false);
    rest.remove_prefix(1);
    return true;
  } else {
    AddAnyOf(Kind::kStar, /*with_slash=*/false);
  }
  return false;
}

bool Glob::ParseBracket(std::string_view& rest) {
  rest.remove_prefix(1);
  const bool is_negated = rest.starts_with('!') || rest.starts_with('^');
  if (is_negated) rest.remove_prefix(1);
  ByteSet set;
  for (bool is_first = true;; is_first = false) {
    if (rest.empty()) return false;
    if (rest.front() == ']' && !is_first) break;
    const bool is_class = rest.starts_with("[:");
    if (is_class ? !TakeClass(rest, set) : !TakeRange(rest, set)) return false;
  }
  rest.remove_prefix(1);
  if (is_negated) set.flip();
  set.reset(Index('/'));
  elements_.push_back({Kind::kCharacter, set});
  return true;
}

void Glob::Enter(States& states, size_t state) const {
  while (!states[state]) {
    states[state] = true;
    if (state == elements_.size()) return;
    const Kind kind = elements_[state].kind;
    if (kind == Kind::kStar) {
      state += 1;
    } else if (kind == Kind::kFolders) {
      state += 2;
    } else {
      return;
    }
  }
}

bool Glob::Advance(const States& states, char c, States& next) const {
  next.assign(states.size(), false);
  bool is_any = false;
  for (size_t i = 0; i < elements_.size(); ++i) {
    if (!states[i]) continue;
    const Element& element = elements_[i];
    const bool is_folder_end = element.kind == Kind::kFolderName && c == '/';
    if (!is_folder_end && !element.set[Index(c)]) continue;
    Enter(next, Following(i, is_folder_end));
    is_any = true;
  }
  return is_any;
}

size_t Glob::Following(size_t i, bool is_folder_end) const {
  if (is_folder_end) return i - 1;
  const bool stays = elements_[i].kind == Kind::kStar || elements_[i].kind == Kind::kFolderName;
  return stays ? i : i + 1;
}

bool Glob::Matches(std::string_view path) const {
  if (!is_valid_) return false;
  States states(elements_.size() + 1, false);
  States next;
  Enter(states, 0);
  for (const char c : path) {
    if (!Advance(states, c, next)) return false;
    states.swap(next);
  }
  return states.back();
}

}  // namespace mreg::workspace
