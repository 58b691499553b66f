// The files of a version that are left out of a clone's work tree. Internal to cli/workspace.
#pragma once

#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/workspace/clone.h"
#include "cli/workspace/sparse_patterns.h"
#include "storage/history/repository.h"

namespace mreg::workspace {

// As git keeps them: core.sparseCheckout, and info/sparse-checkout.
absl::StatusOr<SparsePatterns> ReadSparsePatterns(const Clone& clone);
absl::Status WriteSparsePatterns(Clone& clone, const SparsePatterns& patterns);

using PathSet = std::set<std::string, std::less<>>;

// Those of `entries` that `patterns` leave out. Files that hold tensors of an included model are
// included with it, as far as the store has the model to tell.
absl::StatusOr<PathSet> LeftOut(Clone& clone, const SparsePatterns& patterns,
                                std::span<const history::TreeEntry> entries);

// The others, in their order.
std::vector<history::TreeEntry> Without(const PathSet& left_out,
                                        std::span<const history::TreeEntry> entries);

}  // namespace mreg::workspace
