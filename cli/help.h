// What mreg says about itself.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"

namespace mreg::cli {

// The options that stand before a command.
std::span<const Option> GlobalOptions();
// Those of a command, and the ones that all or several commands share.
std::vector<Option> AllOptions(const Command& command);

std::string_view GroupTitle(Group group);

// "mreg push [OPTIONS] [REMOTE] [BRANCH]..."
std::string FormatUsage(const Command& command);

// "-m, --message TEXT"
std::string FormatOption(const Option& option);

// What `mreg help COMMAND` shows.
std::string FormatHelp(const Command& command);

// What `mreg` alone shows: `commands` by use, a line each.
std::string FormatOverview(std::span<const Command* const> commands);

// `text` in lines of at most `width` bytes, each behind `indent` blanks. Line ends in `text` stay.
std::string Wrap(std::string_view text, size_t indent, size_t width);

}  // namespace mreg::cli
