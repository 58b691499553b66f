// Three-way merge of one text file by lines.
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "storage/history/repository.h"

namespace mreg::history {

// The merged blob, written to `repository`. Nothing if both sides changed the same lines, or if
// one of the three is no text: a git-lfs pointer of any form, binary, or larger than 4 MiB.
absl::StatusOr<std::optional<ObjectId>> MergeText(Repository& repository, const ObjectId& base,
                                                  const ObjectId& ours, const ObjectId& theirs);

}  // namespace mreg::history
