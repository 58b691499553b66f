// Where a user's things are, from the environment's variables.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace mreg::cli {

struct Environment {
  std::string config_directory;  // settings.toml and credentials.toml
  std::string store_directory;   // the store of all clones
  std::string token;             // MREG_TOKEN: used in place of any stored one
  std::string author;            // MREG_AUTHOR: "Name <address>"
};

// Gives a variable's value; nothing if it is not set.
using GetVariable = std::function<std::optional<std::string>(const char* name)>;

// With MREG_HOME everything is in that folder. Otherwise configuration is in $XDG_CONFIG_HOME/mreg
// (~/.config/mreg) and the store in $XDG_DATA_HOME/mreg/store (~/.local/share/mreg/store); an XDG
// variable that is no absolute path is ignored, as its specification wants. FailedPrecondition if
// there is no home directory either.
absl::StatusOr<Environment> ReadEnvironment(const GetVariable& get);

// Of this process.
std::optional<std::string> GetProcessVariable(const char* name);

}  // namespace mreg::cli
