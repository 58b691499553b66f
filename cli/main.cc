#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "cli/environment.h"
#include "cli/run.h"
#include "cli/terminal/terminal.h"
#include "schema/base/allocator.h"

int main(int argc, char** argv) {
  // A closed pipe or connection is an error of the write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  mreg::ReuseLargeBlocks();
  mreg::terminal::Terminal terminal(stdout, stderr, mreg::terminal::TraitsOfProcess());
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  return static_cast<int>(mreg::cli::Run(words, mreg::cli::GetProcessVariable, terminal));
}
