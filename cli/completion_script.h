// Scripts that teach shells to complete mreg's commands and options, made from the table.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cli/command.h"

namespace mreg::cli {

enum class Shell { kBash, kZsh, kFish };

std::optional<Shell> ParseShell(std::string_view name);

std::string FormatCompletionScript(Shell shell, std::span<const Command* const> commands);

}  // namespace mreg::cli
