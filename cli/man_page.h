// The manual, made from the table of commands: docs/man/mreg.1.
#pragma once

#include <span>
#include <string>

#include "cli/command.h"

namespace mreg::cli {

std::string FormatManPage(std::span<const Command* const> commands);

}  // namespace mreg::cli
