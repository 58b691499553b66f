// The registry that a command asks for what it knows.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/context.h"

namespace mreg::cli {

inline constexpr Option kRegistryOption = {
    .name = "registry",
    .value = "URL",
    .help = "Which registry to ask (default: that of this clone's remote)"};

// As sync::AskRegistry takes it: what kRegistryOption says, or the registry of the clone's remote.
absl::StatusOr<std::string> ChooseRegistry(Context& context, const Arguments& arguments);

// The user's for that registry; "" for a folder.
absl::StatusOr<std::string> TokenForRegistry(const Context& context, const std::string& registry);

}  // namespace mreg::cli
