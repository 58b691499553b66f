#include "cli/workspace/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace mreg::workspace {
namespace {

struct Case {
  std::string_view pattern;
  std::string_view path;
  bool matches;
};

// The cases of git's own wildmatch that concern paths, and a few more.
constexpr Case kCases[] = {
    {"foo", "foo", true},
    {"foo", "fo", false},
    {"foo", "foox", false},
    {"", "", true},
    {"???", "foo", true},
    {"??", "foo", false},
    {"*", "foo", true},
    {"*", "", true},
    {"f*", "foo", true},
    {"*f", "foo", false},
    {"*foo*", "foo", true},
    {"*ob*a*r*", "foobar", true},
    {"*ab", "aaaaaaabababab", true},
    {"foo\\*", "foo*", true},
    {"foo\\*", "foobar", false},
    {"foo\\", "foo", false},
    {"*", "a/b", false},
    {"a?b", "a/b", false},
    {"a/*", "a/b", true},
    {"a/*", "a/b/c", false},
    {"a/*/c", "a/b/c", true},
    {"a**c", "a/b/c", false},
    {"a**c", "abbc", true},
    {"**/foo", "foo", true},
    {"**/foo", "a/foo", true},
    {"**/foo", "a/b/foo", true},
    {"**/foo", "a/xfoo", false},
    {"a/**/b", "a/b", true},
    {"a/**/b", "a/x/b", true},
    {"a/**/b", "a/x/y/b", true},
    {"a/**/b", "a/xb", false},
    {"a/**/**/b", "a/b", true},
    {"a/**", "a/b", true},
    {"a/**", "a/b/c", true},
    {"a/**", "a", false},
    {"a/***", "a/b/c", false},
    {"**", "a/b/c", true},
    {"**/*.onnx", "a/b/c.onnx", true},
    {"[ab]", "a", true},
    {"[ab]", "c", false},
    {"[!ab]", "c", true},
    {"[^ab]", "a", false},
    {"[a-c]x", "bx", true},
    {"[a-c]x", "dx", false},
    {"[c-a]", "b", false},
    {"[]a]", "]", true},
    {"[a-]", "-", true},
    {"[\\]]", "]", true},
    {"[!a]", "/", false},
    {"[/]", "/", false},
    {"[[:digit:]]x", "7x", true},
    {"[[:digit:][:upper:]]", "A", true},
    {"[[:digit:]]", "a", false},
    {"[[:nonsense:]]", "a", false},
    {"[ab", "a", false},
    {"[", "[", false},
    {"\\[ab]", "[ab]", true},
    {"caf\xc3\xa9", "caf\xc3\xa9", true},
};

TEST(GlobTest, FitsWhatGitWouldFit) {
  for (const Case& one : kCases) {
    EXPECT_EQ(Glob(one.pattern).Matches(one.path), one.matches)
        << "'" << one.pattern << "' on '" << one.path << "'";
  }
}

TEST(GlobTest, AHostilePatternTakesNoLonger) {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "*a";
  EXPECT_FALSE(Glob(pattern + "b").Matches(std::string(2'000, 'a')));
  EXPECT_TRUE(Glob(pattern).Matches(std::string(2'000, 'a')));
}

}  // namespace
}  // namespace mreg::workspace
