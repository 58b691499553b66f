// Small TOML files of a user: tables of texts. The one place that knows toml++.
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mreg::cli {

// table -> key -> value
using Settings = std::map<std::string, std::map<std::string, std::string>>;

// Empty if there is no such file. InvalidArgument if it is not TOML; what is not a text in a table
// is left out.
absl::StatusOr<Settings> ReadSettings(const std::string& path);

// Readers see the old file or the new, whole. From its creation on nobody but the owner can read
// it; its folder is created likewise. What is not in `settings`, comments too, is gone.
absl::Status WriteSettings(const std::string& path, const Settings& settings);

}  // namespace mreg::cli
