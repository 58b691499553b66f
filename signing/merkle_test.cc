#include "signing/merkle.h"

#include <gtest/gtest.h>

#include <map>

#include "schema/base/hex.h"

namespace mreg::signing {
namespace {

// A tree in memory that keeps complete nodes, as a journal does.
class Tree {
 public:
  void Append(ByteView entry) {
    const auto completed = *NodesCompletedBy(LeafHash(entry), size_, reader());
    for (const TreeNode& node : completed) {
      nodes_[{node.level, node.index}] = node.hash;
    }
    ++size_;
  }
  NodeReader reader() const {
    return [this](uint32_t level, uint64_t index) -> absl::StatusOr<TreeHash> {
      const auto node = nodes_.find({level, index});
      if (node == nodes_.end()) return absl::NotFoundError("no such node");
      return node->second;
    };
  }
  uint64_t size() const { return size_; }
  TreeHash Root(uint64_t size) const { return *TreeRoot(size, reader()); }

 private:
  std::map<std::pair<uint32_t, uint64_t>, TreeHash> nodes_;
  uint64_t size_ = 0;
};

// The vectors of the Certificate Transparency reference tests (google/certificate-transparency).
const Bytes kEntries[] = {"",
                          Bytes("\x00", 1),
                          "\x10",
                          "\x20\x21",
                          "\x30\x31",
                          "\x40\x41\x42\x43",
                          "\x50\x51\x52\x53\x54\x55\x56\x57",
                          "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"};
const char* const kRoots[] = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                              "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                              "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                              "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                              "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                              "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                              "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                              "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

TEST(Merkle, RootsMatchThePublishedVectors) {
  Tree tree;
  EXPECT_EQ(tree.Root(0), EmptyTreeHash());
  for (size_t i = 0; i < 8; ++i) {
    tree.Append(kEntries[i]);
    EXPECT_EQ(tree.Root(i + 1).ToHex(), kRoots[i]);
  }
}

class ProofTest : public testing::Test {
 protected:
  ProofTest() {
    for (int i = 0; i < 40; ++i) tree_.Append("entry " + std::to_string(i));
  }
  Tree tree_;
};

TEST_F(ProofTest, EveryEntryIsProvedInEveryTree) {
  for (uint64_t size = 1; size <= tree_.size(); ++size) {
    for (uint64_t index = 0; index < size; ++index) {
      const auto proof = *ProveInclusion(index, size, tree_.reader());
      const TreeHash leaf = LeafHash("entry " + std::to_string(index));
      EXPECT_TRUE(VerifyInclusion(leaf, index, size, proof, tree_.Root(size)));
      EXPECT_FALSE(VerifyInclusion(LeafHash("other"), index, size, proof, tree_.Root(size)));
      if (size > 1) {
        EXPECT_FALSE(VerifyInclusion(leaf, (index + 1) % size, size, proof, tree_.Root(size)));
      }
    }
  }
}

TEST_F(ProofTest, EveryTreeIsProvedAPrefixOfEveryLaterOne) {
  for (uint64_t size = 1; size <= tree_.size(); ++size) {
    for (uint64_t old_size = 1; old_size <= size; ++old_size) {
      auto proof = *ProveConsistency(old_size, size, tree_.reader());
      const TreeHash old_root = tree_.Root(old_size), root = tree_.Root(size);
      EXPECT_TRUE(VerifyConsistency(old_size, size, old_root, root, proof));
      EXPECT_FALSE(VerifyConsistency(old_size, size, LeafHash("other"), root, proof));
      EXPECT_FALSE(VerifyConsistency(old_size, size, old_root, LeafHash("other"), proof));
      proof.push_back(root);
      EXPECT_FALSE(VerifyConsistency(old_size, size, old_root, root, proof));
    }
  }
}

TEST_F(ProofTest, ProofsOfWhatIsNotThereAreRefused) {
  EXPECT_FALSE(ProveInclusion(40, 40, tree_.reader()).ok());
  EXPECT_FALSE(ProveConsistency(0, 40, tree_.reader()).ok());
  EXPECT_FALSE(ProveConsistency(41, 40, tree_.reader()).ok());
}

}  // namespace
}  // namespace mreg::signing
