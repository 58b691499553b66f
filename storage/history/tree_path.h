// What a version's paths may look like. Both directions are checked: what is written, and what a
// hostile history offers to be checked out.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "storage/history/repository.h"

namespace mreg::history {

inline constexpr int kDeepestTree = 64;
inline constexpr size_t kMostFiles = 1'000'000;
inline constexpr size_t kLongestPath = 4096;  // bytes; Linux's own limit

// InvalidArgument unless `name` can be one part of a path: not empty, "." or "..", without '/' and
// zero bytes, and not the folder of a clone (".git", ".mreg", in whatever case).
absl::Status CheckPathPart(std::string_view name);

// InvalidArgument unless `path` has one to kDeepestTree good parts and at most kLongestPath bytes.
absl::Status CheckPath(std::string_view path);

// git's reading of a tree entry's mode: of permissions only the executable bit counts. Modes that
// git does not know come back as they are.
FileMode NormalMode(uint32_t raw);
bool IsFolder(uint32_t raw);
bool IsKnown(FileMode mode);

}  // namespace mreg::history
