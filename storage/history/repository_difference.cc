// What one side of a transfer lacks: objects reachable from here and not from there.
#include <fmt/format.h>

#include <unordered_set>
#include <utility>

#include "absl/hash/hash.h"
#include "schema/base/status.h"
#include "storage/history/git_status.h"
#include "storage/history/repository_base.h"

namespace mreg::history {
namespace {

struct IdHash {
  size_t operator()(const ObjectId& id) const { return absl::Hash<ObjectId>()(id); }
};
using IdSet = std::unordered_set<ObjectId, IdHash>;

// The result, in the order of discovery, and what need not be in it.
class Listing {
 public:
  // True if `id` is new.
  bool Add(const ObjectId& id) {
    if (!seen_.insert(id).second) return false;
    list_.push_back(id);
    return true;
  }
  void Exclude(const ObjectId& id) { seen_.insert(id); }
  std::vector<ObjectId> Take() { return std::move(list_); }

 private:
  IdSet seen_;
  std::vector<ObjectId> list_;
};

// Lists what is in a tree and not in its neighbours: the trees at the same path in the parents of
// its commit, all of which are listed too or held by the other side. So an unchanged folder is
// read by no commit but the one that brought it.
class TreeDifference {
 public:
  TreeDifference(git_repository* git, Listing& listing) : git_(git), listing_(listing) {}

  absl::Status Add(const ObjectId& tree, std::vector<ObjectId> neighbours) {
    pending_.push_back({tree, std::move(neighbours)});
    while (!pending_.empty()) {
      const Folder folder = std::move(pending_.back());
      pending_.pop_back();
      MREG_RETURN_IF_ERROR(AddFolder(folder));
    }
    return absl::OkStatus();
  }

 private:
  struct Folder {
    ObjectId tree;
    std::vector<ObjectId> neighbours;
  };

  absl::Status AddFolder(const Folder& folder) {
    for (const ObjectId& neighbour : folder.neighbours) {
      if (neighbour == folder.tree) return absl::OkStatus();
    }
    if (!listing_.Add(folder.tree)) return absl::OkStatus();
    MREG_ASSIGN_OR_RETURN(const TreeHandle tree, Read(folder.tree));
    std::vector<TreeHandle> neighbours;
    for (const ObjectId& id : folder.neighbours) {
      MREG_ASSIGN_OR_RETURN(neighbours.emplace_back(), Read(id));
    }
    AddEntries(*tree, neighbours);
    return absl::OkStatus();
  }

  void AddEntries(const git_tree& tree, const std::vector<TreeHandle>& neighbours) {
    IdSet known;
    for (const TreeHandle& neighbour : neighbours) {
      for (size_t i = 0; i < git_tree_entrycount(neighbour.get()); ++i) {
        known.insert(ToObjectId(*git_tree_entry_id(git_tree_entry_byindex(neighbour.get(), i))));
      }
    }
    for (size_t i = 0; i < git_tree_entrycount(&tree); ++i) {
      const git_tree_entry* const entry = git_tree_entry_byindex(&tree, i);
      if (!known.contains(ToObjectId(*git_tree_entry_id(entry)))) AddEntry(*entry, neighbours);
    }
  }

  void AddEntry(const git_tree_entry& entry, const std::vector<TreeHandle>& neighbours) {
    const ObjectId id = ToObjectId(*git_tree_entry_id(&entry));
    switch (git_tree_entry_type(&entry)) {
      case GIT_OBJECT_TREE:
        pending_.push_back({id, FoldersNamed(git_tree_entry_name(&entry), neighbours)});
        break;
      case GIT_OBJECT_BLOB:
        listing_.Add(id);
        break;
      default:  // a submodule's commit belongs to another repository
        break;
    }
  }

  static std::vector<ObjectId> FoldersNamed(const char* name,
                                            const std::vector<TreeHandle>& trees) {
    std::vector<ObjectId> ids;
    for (const TreeHandle& tree : trees) {
      const git_tree_entry* const entry = git_tree_entry_byname(tree.get(), name);
      if (entry == nullptr || git_tree_entry_type(entry) != GIT_OBJECT_TREE) continue;
      ids.push_back(ToObjectId(*git_tree_entry_id(entry)));
    }
    return ids;
  }

  absl::StatusOr<TreeHandle> Read(const ObjectId& id) const {
    const git_oid oid = ToOid(id);
    git_tree* read = nullptr;
    const int code = git_tree_lookup(&read, git_, &oid);
    if (code < 0) return GitStatus(code, fmt::format("read tree {}", id.ToHex()));
    return TreeHandle(read);
  }

  git_repository* const git_;
  Listing& listing_;
  std::vector<Folder> pending_;
};

// Gathers the answer to "what lies between": haves first, then wants, then the commits between.
class Transfer {
 public:
  Transfer(const RepositoryBase& repository, git_repository* git)
      : repository_(repository), trees_(git, listing_) {}

  absl::Status AddHave(const ObjectId& id) {
    const auto chain = repository_.TagChain(id);
    if (absl::IsNotFound(chain.status())) return absl::OkStatus();
    if (!chain.ok()) return chain.status();
    for (const TypedId& link : *chain) {
      listing_.Exclude(link.id);
      if (link.type == ObjectType::kCommit) hidden_.push_back(ToCommitId(ToOid(link.id)));
    }
    return absl::OkStatus();
  }

  absl::Status AddWant(const ObjectId& id) {
    MREG_ASSIGN_OR_RETURN(const auto chain, repository_.TagChain(id));
    for (const TypedId& link : chain) {
      if (link.type == ObjectType::kCommit) {
        starts_.push_back(ToCommitId(ToOid(link.id)));
      } else if (link.type == ObjectType::kTree) {
        MREG_RETURN_IF_ERROR(trees_.Add(link.id, {}));
      } else {
        listing_.Add(link.id);
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<ObjectId>> Finish() {
    absl::Status failure;
    MREG_RETURN_IF_ERROR(repository_.Walk(starts_, hidden_, [&](const Commit& commit) {
      failure = AddCommit(commit);
      return failure.ok();
    }));
    MREG_RETURN_IF_ERROR(failure);
    return listing_.Take();
  }

 private:
  absl::Status AddCommit(const Commit& commit) {
    listing_.Add(mreg::ToObjectId(commit.id));
    std::vector<ObjectId> neighbours;
    for (const CommitId& parent : commit.parents) {
      MREG_ASSIGN_OR_RETURN(const Commit read, repository_.ReadCommit(parent));
      neighbours.push_back(read.tree);
    }
    return trees_.Add(commit.tree, std::move(neighbours));
  }

  const RepositoryBase& repository_;
  Listing listing_;
  TreeDifference trees_;
  std::vector<CommitId> starts_;
  std::vector<CommitId> hidden_;
};

}  // namespace

absl::StatusOr<std::vector<ObjectId>> RepositoryBase::ObjectsBetween(
    std::span<const ObjectId> wants, std::span<const ObjectId> haves) const {
  Transfer transfer(*this, git());
  for (const ObjectId& have : haves) MREG_RETURN_IF_ERROR(transfer.AddHave(have));
  for (const ObjectId& want : wants) MREG_RETURN_IF_ERROR(transfer.AddWant(want));
  return transfer.Finish();
}

}  // namespace mreg::history
