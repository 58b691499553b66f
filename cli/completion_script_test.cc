#include "cli/completion_script.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "cli/commands.h"

namespace mreg::cli {
namespace {

bool IsInstalled(const std::string& program) {
  return std::system(fmt::format("command -v {} > /dev/null", program).c_str()) == 0;
}

// A file of its own, gone with the object.
class Script {
 public:
  explicit Script(Shell shell) {
    const int fd = mkstemp(path_.data());
    EXPECT_GE(fd, 0);
    std::ofstream(path_) << FormatCompletionScript(shell, AllCommands());
    close(fd);
  }
  ~Script() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = testing::TempDir() + "completion_XXXXXX";
};

std::string OutputOf(const std::string& command) {
  std::string output;
  FILE* const pipe = popen(command.c_str(), "r");
  std::array<char, 4096> buffer;
  while (const size_t got = fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.append(buffer.data(), got);
  }
  pclose(pipe);
  return output;
}

// What bash offers for the last of `words`.
std::string Offered(const Script& script, const std::string& words, int last) {
  return OutputOf(fmt::format(
      "bash -c 'source {}; COMP_WORDS=({}); COMP_CWORD={}; _mreg; echo \"${{COMPREPLY[@]}}\"'",
      script.path(), words, last));
}

TEST(CompletionScriptTest, CompletesInBash) {
  if (!IsInstalled("bash")) GTEST_SKIP() << "bash is not installed";
  const Script script(Shell::kBash);
  EXPECT_EQ(Offered(script, "mreg comm", 1), "commit\n");
  EXPECT_EQ(Offered(script, "mreg push --fo", 2), "--force\n");
  EXPECT_EQ(Offered(script, "mreg push origin --ta", 3), "--tags\n");
  EXPECT_EQ(Offered(script, "mreg remote set", 2), "set-url\n");
  EXPECT_EQ(Offered(script, "mreg store stats --j", 3), "--json\n");
}

TEST(CompletionScriptTest, IsWellFormed) {
  if (IsInstalled("bash")) {
    EXPECT_EQ(std::system(("bash -n " + Script(Shell::kBash).path()).c_str()), 0);
  }
  if (IsInstalled("zsh")) {
    EXPECT_EQ(std::system(("zsh -n " + Script(Shell::kZsh).path()).c_str()), 0);
  }
  if (IsInstalled("fish")) {
    EXPECT_EQ(std::system(("fish -n " + Script(Shell::kFish).path()).c_str()), 0);
  }
}

TEST(CompletionScriptTest, KnowsThreeShells) {
  EXPECT_EQ(ParseShell("bash"), Shell::kBash);
  EXPECT_EQ(ParseShell("zsh"), Shell::kZsh);
  EXPECT_EQ(ParseShell("fish"), Shell::kFish);
  EXPECT_EQ(ParseShell("tcsh"), std::nullopt);
}

}  // namespace
}  // namespace mreg::cli
