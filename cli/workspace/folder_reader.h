// What lies in one folder.
#pragma once

#include <sys/stat.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace mreg::workspace {

struct FolderEntry {
  std::string name;
  struct stat info;  // of a symbolic link: its own
};

// The entries of folder `name` in the folder `parent`, sorted so that a walk meets paths in the
// order of their bytes: a folder as if it ended in '/'. What vanishes meanwhile is left out.
// Errors as ErrnoStatus; NotFound also if it is no folder.
absl::StatusOr<std::vector<FolderEntry>> ReadFolder(int parent, const std::string& name);

}  // namespace mreg::workspace
