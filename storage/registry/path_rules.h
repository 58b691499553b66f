// Which paths a version may have: only those that every system can write out, each to its own
// file, inside the work tree. Applied when files are added, pushed and checked out.
#pragma once

#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "storage/history/repository.h"

namespace mreg::registry {

// InvalidArgument, with the reason, for a path that is absolute, has empty, "." or ".." parts, a
// part that is .git or .mreg to any file system (in any case, with trailing dots, by its NTFS
// short name or with invisible characters), a Windows device name, a character that Windows
// forbids, control characters, bytes that are not UTF-8, a part of over 255 or a whole of over
// 4,096 bytes.
absl::Status CheckPath(std::string_view path);

// CheckPath for each file, sorted by path as bytes; and InvalidArgument for a symbolic link or
// submodule, and for two paths that one file system would take for the same (they differ in case
// or in Unicode form only, or one is the other's folder).
absl::Status CheckFiles(std::span<const history::TreeEntry> files);

// The form in which paths collide: case folded (Unicode), composed, without invisible characters.
// Empty for what is not UTF-8.
std::string FoldPath(std::string_view path);

// Where a model at `path` finds external data at `location`, which stays below its folder.
std::string PathBeside(std::string_view path, std::string_view location);

}  // namespace mreg::registry
