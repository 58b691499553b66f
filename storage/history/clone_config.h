// The settings of one clone: its `config` file, in git's format. No other file of the user's or
// the system's is read.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mreg::history {

struct ConfigEntry {
  std::string key;  // section and name in lower case, what is between them as written
  std::string value;
  friend bool operator==(const ConfigEntry&, const ConfigEntry&) = default;
};

// Keys are "section.name" or "section.subsection.name", as git has them; InvalidArgument for any
// other. The file is read anew by each call, so that other processes' changes are seen.
// Thread-compatible.
class CloneConfig {
 public:
  virtual ~CloneConfig() = default;

  // The last value, where the file has several. Nothing if there is none.
  virtual absl::StatusOr<std::optional<std::string>> Get(std::string_view key) const = 0;

  // Those whose key begins with `prefix`, in the order of the file.
  virtual absl::StatusOr<std::vector<ConfigEntry>> List(std::string_view prefix) const = 0;

  // Atomically, under git's lock file: Unavailable if another process holds it. InvalidArgument
  // for a value with a zero byte, or a key that has several values.
  virtual absl::Status Set(std::string_view key, std::string_view value) = 0;

  // NotFound if there is none; else as Set.
  virtual absl::Status Unset(std::string_view key) = 0;
};

std::unique_ptr<CloneConfig> OpenCloneConfig(const std::string& git_directory);

}  // namespace mreg::history
