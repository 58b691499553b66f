// Which references point at which commits.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/history/repository.h"

namespace mreg::cli {

// By commit, for people: "HEAD -> main", "tag: v1", "origin/main". References that lead to no
// commit are left out.
using ReferenceNames = std::map<CommitId, std::vector<std::string>>;
absl::StatusOr<ReferenceNames> ReadReferenceNames(const history::Repository& history);

// Resolves `revision`. NotFound with an advice where there is no commit at all yet.
absl::StatusOr<CommitId> ResolveRevision(const history::Repository& history,
                                         std::string_view revision);

}  // namespace mreg::cli
