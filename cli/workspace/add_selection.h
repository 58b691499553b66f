// Which files a command to add is about. Internal to cli/workspace.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/workspace/work_tree.h"
#include "storage/history/staging_index.h"

namespace mreg::workspace {

struct Selection {
  std::vector<std::string> changed;  // to be read: new, or touched since they were staged
  std::vector<std::string> removed;  // staged, and no longer there
};

// `arguments` as ResolveArguments gives them. A folder stands for all below it that is not
// ignored. NotFound for an argument that fits nothing. InvalidArgument, naming it, for an ignored
// file that is named itself, for what is no regular file, and for paths that a version may not
// have, alone or beside those that are staged.
absl::StatusOr<Selection> SelectFiles(const WorkTree& tree, const history::StagingIndex& index,
                                      std::span<const std::string> arguments);

}  // namespace mreg::workspace
