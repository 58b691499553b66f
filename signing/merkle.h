// Merkle trees over append-only logs, as RFC 6962 section 2 has them: roots, inclusion proofs and
// consistency proofs.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/bytes.h"
#include "schema/base/ids.h"

namespace mreg::signing {

struct TreeHashKind {
  static constexpr std::string_view kName = "tree hash";
};
using TreeHash = Id<TreeHashKind, 32>;

TreeHash LeafHash(ByteView entry);
TreeHash NodeHash(const TreeHash& left, const TreeHash& right);
TreeHash EmptyTreeHash();

// A complete subtree: level 0 are the leaves, node `index` of level L covers the leaves
// [index << L, (index + 1) << L).
struct TreeNode {
  uint32_t level = 0;
  uint64_t index = 0;
  TreeHash hash;
};

// Gives stored nodes; asked for complete subtrees only.
using NodeReader = std::function<absl::StatusOr<TreeHash>(uint32_t level, uint64_t index)>;

// The nodes that appending leaf number `size` completes, the leaf first. `read` gives nodes of
// the tree of `size` leaves.
absl::StatusOr<std::vector<TreeNode>> NodesCompletedBy(const TreeHash& leaf, uint64_t size,
                                                       const NodeReader& read);

absl::StatusOr<TreeHash> TreeRoot(uint64_t size, const NodeReader& read);

// The path that proves leaf `index` to be in the tree of `size` leaves. InvalidArgument unless
// index < size.
absl::StatusOr<std::vector<TreeHash>> ProveInclusion(uint64_t index, uint64_t size,
                                                     const NodeReader& read);

// The path that proves the tree of `old_size` leaves to be a prefix of that of `size`.
// InvalidArgument unless 0 < old_size <= size.
absl::StatusOr<std::vector<TreeHash>> ProveConsistency(uint64_t old_size, uint64_t size,
                                                       const NodeReader& read);

bool VerifyInclusion(const TreeHash& leaf, uint64_t index, uint64_t size,
                     std::span<const TreeHash> proof, const TreeHash& root);

bool VerifyConsistency(uint64_t old_size, uint64_t size, const TreeHash& old_root,
                       const TreeHash& root, std::span<const TreeHash> proof);

}  // namespace mreg::signing
