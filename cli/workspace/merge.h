// Brings another line of work into HEAD's. Internal to cli/workspace; the caller holds the clone's
// lock.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "cli/workspace/clone.h"
#include "cli/workspace/workspace.h"

namespace mreg::workspace {

// As Workspace::Merge.
absl::StatusOr<Workspace::MergeReport> MergeInto(
    Clone& clone, const CommitId& other, const std::string& message,
    const history::Signature& author, const std::map<std::string, Workspace::Side>& choose,
    const FileProgress& progress);

}  // namespace mreg::workspace
