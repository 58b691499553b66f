// What both stores of references ask of a move before they make it.
#pragma once

#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "storage/history/references.h"

namespace mreg::history {

// InvalidArgument if a name is not valid or comes twice.
absl::Status CheckNames(std::span<const ReferenceMove> moves);

// Aborted, naming it, if a reference is not where `moves` expect it.
absl::Status CheckExpected(const References& references, std::span<const ReferenceMove> moves);

// git keeps references as files, so that one cannot be a folder of another: FailedPrecondition if
// `moves` would make "refs/heads/a" and "refs/heads/a/b" exist side by side.
absl::Status CheckFolders(const References& references, std::span<const ReferenceMove> moves);

bool Creates(const ReferenceMove& move);

// InvalidArgument unless HEAD may name it: a valid name below refs/heads/.
absl::Status CheckBranchName(std::string_view name);

}  // namespace mreg::history
