// The table of all commands.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cli/command.h"

namespace mreg::cli {

// In the order of the overview.
std::span<const Command* const> AllCommands();

// The command that `words` begin with, and how many words its name takes. "remote" alone is
// "remote list". Null if there is none.
struct FoundCommand {
  const Command* command = nullptr;
  size_t words = 0;
};
FoundCommand FindCommand(std::span<const std::string> words);

// The command whose name is most like `name`; nothing if none is like it.
std::optional<std::string> NearestCommand(std::string_view name);

}  // namespace mreg::cli
