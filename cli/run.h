// One run of mreg, from its words to its exit code.
#pragma once

#include <string>
#include <vector>

#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/terminal/terminal.h"

namespace mreg::cli {

// `words` are without the program's name.
ExitCode Run(std::vector<std::string> words, const GetVariable& get, terminal::Terminal& terminal);

}  // namespace mreg::cli
