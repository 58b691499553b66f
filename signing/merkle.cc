#include "signing/merkle.h"

#include <fmt/format.h>

#include <bit>

#include "schema/base/sha256.h"
#include "schema/base/status.h"

namespace mreg::signing {
namespace {

// The number of leaves in the left subtree of a tree of `size` > 1 leaves: the largest power of
// two below it.
uint64_t SplitOf(uint64_t size) { return std::bit_floor(size - 1); }

// The root of the leaves [begin, begin + size), where `begin` is a multiple of the smallest power
// of two that is at least `size`.
absl::StatusOr<TreeHash> SubtreeRoot(uint64_t begin, uint64_t size, const NodeReader& read) {
  if (std::has_single_bit(size)) {
    const auto level = static_cast<uint32_t>(std::countr_zero(size));
    return read(level, begin >> level);
  }
  const uint64_t split = SplitOf(size);
  MREG_ASSIGN_OR_RETURN(const TreeHash left, SubtreeRoot(begin, split, read));
  MREG_ASSIGN_OR_RETURN(const TreeHash right, SubtreeRoot(begin + split, size - split, read));
  return NodeHash(left, right);
}

// PATH(m, D[n]) of RFC 6962 section 2.1.1, for the leaves from `begin` on.
absl::Status AppendPath(uint64_t index, uint64_t begin, uint64_t size, const NodeReader& read,
                        std::vector<TreeHash>& path) {
  if (size == 1) return absl::OkStatus();
  const uint64_t split = SplitOf(size);
  const bool in_left = index < split;
  if (in_left) {
    MREG_RETURN_IF_ERROR(AppendPath(index, begin, split, read, path));
  } else {
    MREG_RETURN_IF_ERROR(AppendPath(index - split, begin + split, size - split, read, path));
  }
  auto sibling =
      in_left ? SubtreeRoot(begin + split, size - split, read) : SubtreeRoot(begin, split, read);
  if (!sibling.ok()) return sibling.status();
  path.push_back(*sibling);
  return absl::OkStatus();
}

// SUBPROOF(m, D[n], b) of RFC 6962 section 2.1.2; `is_known` is its b.
absl::Status AppendSubproof(uint64_t old_size, uint64_t begin, uint64_t size, bool is_known,
                            const NodeReader& read, std::vector<TreeHash>& proof) {
  if (old_size == size) {
    if (is_known) return absl::OkStatus();
    MREG_ASSIGN_OR_RETURN(const TreeHash root, SubtreeRoot(begin, size, read));
    proof.push_back(root);
    return absl::OkStatus();
  }
  const uint64_t split = SplitOf(size);
  if (old_size <= split) {
    MREG_RETURN_IF_ERROR(AppendSubproof(old_size, begin, split, is_known, read, proof));
    MREG_ASSIGN_OR_RETURN(const TreeHash right, SubtreeRoot(begin + split, size - split, read));
    proof.push_back(right);
    return absl::OkStatus();
  }
  MREG_RETURN_IF_ERROR(
      AppendSubproof(old_size - split, begin + split, size - split, false, read, proof));
  MREG_ASSIGN_OR_RETURN(const TreeHash left, SubtreeRoot(begin, split, read));
  proof.push_back(left);
  return absl::OkStatus();
}

}  // namespace

TreeHash LeafHash(ByteView entry) {
  Sha256 hash;
  hash.Update(ByteView("\0", 1));
  hash.Update(entry);
  return *TreeHash::FromBytes(hash.Finish());
}

TreeHash NodeHash(const TreeHash& left, const TreeHash& right) {
  Sha256 hash;
  hash.Update("\x01");
  hash.Update(left.bytes());
  hash.Update(right.bytes());
  return *TreeHash::FromBytes(hash.Finish());
}

TreeHash EmptyTreeHash() { return *TreeHash::FromBytes(Sha256Of("")); }

absl::StatusOr<std::vector<TreeNode>> NodesCompletedBy(const TreeHash& leaf, uint64_t size,
                                                       const NodeReader& read) {
  std::vector<TreeNode> nodes{{0, size, leaf}};
  while (nodes.back().index % 2 == 1) {
    const TreeNode& right = nodes.back();
    MREG_ASSIGN_OR_RETURN(const TreeHash left, read(right.level, right.index - 1));
    nodes.push_back({right.level + 1, right.index / 2, NodeHash(left, right.hash)});
  }
  return nodes;
}

absl::StatusOr<TreeHash> TreeRoot(uint64_t size, const NodeReader& read) {
  if (size == 0) return EmptyTreeHash();
  return SubtreeRoot(0, size, read);
}

absl::StatusOr<std::vector<TreeHash>> ProveInclusion(uint64_t index, uint64_t size,
                                                     const NodeReader& read) {
  if (index >= size) {
    return absl::InvalidArgumentError(
        fmt::format("entry {} is not in a log of {} entries", index, size));
  }
  std::vector<TreeHash> path;
  MREG_RETURN_IF_ERROR(AppendPath(index, 0, size, read, path));
  return path;
}

absl::StatusOr<std::vector<TreeHash>> ProveConsistency(uint64_t old_size, uint64_t size,
                                                       const NodeReader& read) {
  if (old_size == 0 || old_size > size) {
    return absl::InvalidArgumentError(
        fmt::format("a log of {} entries has no earlier state of {} entries", size, old_size));
  }
  std::vector<TreeHash> proof;
  MREG_RETURN_IF_ERROR(AppendSubproof(old_size, 0, size, true, read, proof));
  return proof;
}

// The algorithms of RFC 9162, sections 2.1.3.2 and 2.1.4.2.
bool VerifyInclusion(const TreeHash& leaf, uint64_t index, uint64_t size,
                     std::span<const TreeHash> proof, const TreeHash& root) {
  if (index >= size) return false;
  uint64_t node = index, last = size - 1;
  TreeHash hash = leaf;
  for (const TreeHash& sibling : proof) {
    if (last == 0) return false;
    if (node % 2 == 1 || node == last) {
      hash = NodeHash(sibling, hash);
      while (node % 2 == 0 && node != 0) node >>= 1, last >>= 1;
    } else {
      hash = NodeHash(hash, sibling);
    }
    node >>= 1, last >>= 1;
  }
  return last == 0 && hash == root;
}

bool VerifyConsistency(uint64_t old_size, uint64_t size, const TreeHash& old_root,
                       const TreeHash& root, std::span<const TreeHash> proof) {
  if (old_size == 0 || old_size > size) return false;
  if (old_size == size) return proof.empty() && old_root == root;
  // A complete old tree is its own first node, which the proof leaves out.
  const bool is_complete = std::has_single_bit(old_size);
  if (!is_complete && proof.empty()) return false;
  TreeHash old_hash = is_complete ? old_root : proof.front();
  TreeHash hash = old_hash;
  if (!is_complete) proof = proof.subspan(1);
  uint64_t node = old_size - 1, last = size - 1;
  while (node % 2 == 1) node >>= 1, last >>= 1;
  for (const TreeHash& sibling : proof) {
    if (last == 0) return false;
    if (node % 2 == 1 || node == last) {
      old_hash = NodeHash(sibling, old_hash);
      hash = NodeHash(sibling, hash);
      while (node % 2 == 0 && node != 0) node >>= 1, last >>= 1;
    } else {
      hash = NodeHash(hash, sibling);
    }
    node >>= 1, last >>= 1;
  }
  return last == 0 && old_hash == old_root && hash == root;
}

}  // namespace mreg::signing
