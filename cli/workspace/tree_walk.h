// Meets the files of a work tree. What git or mreg keeps for itself (.git, .mreg, at any depth) is
// never met, nor what lies behind a symbolic link.
#pragma once

#include <sys/stat.h>

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/workspace/ignore.h"
#include "cli/workspace/work_tree.h"

namespace mreg::workspace {

// The rules that hold inside a folder.
struct IgnoreState {
  IgnoreScope::Pointer scope;
  bool is_ignored = false;  // the folder itself, or one above it

  bool IsIgnored(std::string_view path, bool is_folder) const {
    return is_ignored || scope->IsIgnored(path, is_folder);
  }
};

// For `folder` of the work tree, which exists.
absl::StatusOr<IgnoreState> IgnoreStateOf(const WorkTree& tree, std::string_view folder);

struct WalkedEntry {
  std::string_view path;  // from the work tree's root
  const struct stat& info;
  const IgnoreState& rules;  // of the folder that it lies in

  bool IsIgnored() const { return rules.IsIgnored(path, S_ISDIR(info.st_mode)); }
};

class TreeVisitor {
 public:
  virtual ~TreeVisitor() = default;

  // Whether to go into the folder.
  virtual bool Enter(const WalkedEntry& folder) = 0;

  // Of anything that is no folder: files, links, pipes... kLeaveFolder: nothing more of the
  // folder it lies in is of interest.
  enum class Next { kGoOn, kLeaveFolder };
  virtual absl::StatusOr<Next> Meet(const WalkedEntry& file) = 0;
};

// Everything below `folder`, in the order of paths as bytes. Ignored things are met too: that is
// for the visitor to decide. FailedPrecondition if folders nest deeper than 100.
absl::Status WalkFolder(const WorkTree& tree, std::string_view folder, TreeVisitor& visitor);

}  // namespace mreg::workspace
