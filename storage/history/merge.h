// Three-way merge of two versions' files.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/history/repository.h"

namespace mreg::history {

enum class ConflictKind { kBothChanged, kBothAdded, kChangedAndRemoved, kFileAndFolder };

struct MergeConflict {
  std::string path;
  ConflictKind kind;
};

struct MergeResult {
  std::vector<TreeEntry> files;  // sorted by path; without the conflicting ones
  std::vector<MergeConflict> conflicts;
};

// What both sides made of `base` (empty: no common history). A path changed on one side takes
// that side's file; changed alike on both, it is no conflict. Text changed on both sides in
// different places is merged by lines, its new blob written to `repository`; a git-lfs pointer
// never is. An empty `conflicts` means that `files` is the merged version.
absl::StatusOr<MergeResult> MergeFiles(Repository& repository, const std::vector<TreeEntry>& base,
                                       const std::vector<TreeEntry>& ours,
                                       const std::vector<TreeEntry>& theirs);

}  // namespace mreg::history
