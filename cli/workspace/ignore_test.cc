#include "cli/workspace/ignore.h"

#include <gtest/gtest.h>

namespace mreg::workspace {
namespace {

enum class Is { kIgnored, kKept, kUnspoken };

struct Case {
  std::string_view rules;
  std::string_view path;
  Is is;
  bool is_folder = false;
};

constexpr Case kCases[] = {
    {"", "a", Is::kUnspoken},
    {"*.tmp", "a.tmp", Is::kIgnored},
    {"*.tmp", "deep/down/a.tmp", Is::kIgnored},
    {"*.tmp", "a.tmpx", Is::kUnspoken},
    {"/a.tmp", "a.tmp", Is::kIgnored},
    {"/a.tmp", "deep/a.tmp", Is::kUnspoken},
    {"deep/a", "deep/a", Is::kIgnored},
    {"deep/a", "x/deep/a", Is::kUnspoken},
    {"build/", "build", Is::kUnspoken},
    {"build/", "build", Is::kIgnored, true},
    {"build/", "deep/build", Is::kIgnored, true},
    {"a/b/", "a/b", Is::kIgnored, true},
    {"a/b/", "x/a/b", Is::kUnspoken, true},
    {"*.onnx\n!keep.onnx", "keep.onnx", Is::kKept},
    {"!keep.onnx\n*.onnx", "keep.onnx", Is::kIgnored},
    {"# a comment\n", "# a comment", Is::kUnspoken},
    {"\\#a", "#a", Is::kIgnored},
    {"\\!a", "!a", Is::kIgnored},
    {"a  ", "a", Is::kIgnored},
    {"a\\ ", "a ", Is::kIgnored},
    {"a\r\nb\r\n", "b", Is::kIgnored},
    {"\xef\xbb\xbf"
     "a",
     "a", Is::kIgnored},
    {"\n\n/\n!\n", "a", Is::kUnspoken},
    {"**/logs/**", "x/logs/today", Is::kIgnored},
};

TEST(IgnoreRulesTest, ReadAsGitignoreIsRead) {
  for (const Case& one : kCases) {
    const auto decision = IgnoreRules(one.rules).Decide(one.path, one.is_folder);
    const Is is = !decision ? Is::kUnspoken : *decision ? Is::kIgnored : Is::kKept;
    EXPECT_EQ(is, one.is) << "rules '" << one.rules << "', path '" << one.path << "'";
  }
}

TEST(IgnoreScopeTest, TheInnermostFileThatSpeaksDecides) {
  const auto root =
      std::make_shared<IgnoreScope>(nullptr, "", IgnoreRules("*.bin\n*.log\n/deep/only-here"));
  const auto deep = std::make_shared<IgnoreScope>(root, "deep", IgnoreRules("!*.bin\n/mine"));
  const auto deeper = std::make_shared<IgnoreScope>(deep, "deep/er", std::nullopt);
  EXPECT_TRUE(root->IsIgnored("a.bin", false));
  EXPECT_FALSE(deep->IsIgnored("deep/a.bin", false));
  EXPECT_FALSE(deeper->IsIgnored("deep/er/a.bin", false));
  EXPECT_TRUE(deeper->IsIgnored("deep/er/a.log", false));
  EXPECT_TRUE(deep->IsIgnored("deep/mine", false));
  EXPECT_FALSE(deeper->IsIgnored("deep/er/mine", false));
  EXPECT_TRUE(deep->IsIgnored("deep/only-here", false));
}

}  // namespace
}  // namespace mreg::workspace
