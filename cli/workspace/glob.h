// Patterns for paths, as gitignore has them: https://git-scm.com/docs/gitignore
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

namespace mreg::workspace {

// '*' and '?' stand for anything but '/', "[a-z]" for one of a set, '\' takes the next character
// as it is; "**/" at the start or after a '/' stands for any number of folders, "/**" at the end
// for everything inside. Works on bytes. Matching takes time in proportion to the product of both
// lengths at most, whatever the pattern: patterns come with other people's models.
class Glob {
 public:
  // A pattern that makes no sense (an open bracket, a final backslash) matches nothing.
  explicit Glob(std::string_view pattern);

  // Whether the pattern fits all of `path`.
  bool Matches(std::string_view path) const;

 private:
  enum class Kind : uint8_t {
    kCharacter,   // one of `set`
    kStar,        // any number of `set`
    kFolders,     // any number of whole folders, each with its '/'; always before a kFolderName
    kFolderName,  // the rest of one of these folders
  };
  struct Element {
    Kind kind;
    std::bitset<256> set;
  };
  using States = std::vector<char>;  // which elements may come next; one more: the end

  bool Parse(std::string_view pattern);
  bool ParseStars(std::string_view& rest, bool is_at_start);
  bool ParseBracket(std::string_view& rest);
  void AddAnyOf(Kind kind, bool with_slash);
  void AddCharacter(char c);

  // Adds `state` and all that can follow it without a character.
  void Enter(States& states, size_t state) const;
  // The elements that may come after `c`. False if none may.
  bool Advance(const States& states, char c, States& next) const;
  // The element after number `i` took a character.
  size_t Following(size_t i, bool is_folder_end) const;

  std::vector<Element> elements_;
  bool is_valid_;
};

}  // namespace mreg::workspace
