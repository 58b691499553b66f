// Paths as a user names them, and what they stand for in a version.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mreg::workspace {

// `paths`, relative to `from` (absolute, or relative to `root`), as paths from `root`, without ".",
// ".." and double slashes; "" is the root itself. Sorted, each once. `root` is absolute and free of
// links. InvalidArgument for a path outside of `root`, and if there are none.
absl::StatusOr<std::vector<std::string>> ResolveArguments(const std::string& root,
                                                          const std::string& from,
                                                          std::span<const std::string> paths);

// Whether `argument` names `path`, or a folder above it.
bool Covers(std::string_view argument, std::string_view path);
bool AnyCovers(std::span<const std::string> arguments, std::string_view path);

// "a, b and 3 more", escaped for a terminal.
std::string ListForDisplay(std::span<const std::string> paths);

}  // namespace mreg::workspace
