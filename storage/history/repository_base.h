// What both forms of a repository share: all that is said in objects. A form adds where objects
// are written and where names are kept.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/history/git_handle.h"
#include "storage/history/repository.h"

namespace mreg::history {

struct TypedId {
  ObjectId id;
  ObjectType type;
};

class RepositoryBase : public Repository {
 public:
  absl::StatusOr<RawObject> ReadObject(const ObjectId& id) const final;
  absl::StatusOr<bool> HasObject(const ObjectId& id) const final;
  absl::StatusOr<ObjectId> WriteObject(ObjectType type, ByteView data) final;

  absl::StatusOr<std::vector<TreeEntry>> ReadFiles(const CommitId& commit) const final;
  absl::StatusOr<std::vector<TreeEntry>> ReadTree(const ObjectId& tree) const final;
  absl::StatusOr<ObjectId> WriteTree(std::span<const TreeEntry> files) final;

  absl::StatusOr<Commit> ReadCommit(const CommitId& id) const final;
  absl::StatusOr<CommitId> WriteCommit(const Commit& draft) final;
  absl::StatusOr<ObjectId> WriteTag(const AnnotatedTag& tag) final;
  absl::StatusOr<AnnotatedTag> ReadTag(const ObjectId& id) const final;

  absl::StatusOr<CommitId> Resolve(std::string_view revision) const final;
  absl::StatusOr<CommitId> Peel(const ObjectId& object) const final;

  absl::Status Walk(std::span<const CommitId> from, std::span<const CommitId> hide,
                    const std::function<bool(const Commit&)>& visit) const final;
  absl::StatusOr<std::optional<CommitId>> MergeBase(const CommitId& a,
                                                    const CommitId& b) const final;
  absl::StatusOr<bool> IsAncestor(const CommitId& ancestor, const CommitId& descendant) const final;
  absl::StatusOr<std::vector<ObjectId>> ObjectsBetween(std::span<const ObjectId> wants,
                                                       std::span<const ObjectId> haves) const final;

  // `object` and, if it is a tag, all that it leads to; only the last is no tag.
  absl::StatusOr<std::vector<TypedId>> TagChain(const ObjectId& object) const;

 protected:
  RepositoryBase(RepositoryHandle git, OdbHandle odb);

  git_repository* git() const { return git_.get(); }
  git_odb* odb() const { return odb_.get(); }

 private:
  // Writes an object whose id is not held, or held by damaged bytes, which it replaces.
  virtual absl::Status StoreObject(const ObjectId& id, ObjectType type, ByteView data) = 0;

  // What HEAD leads to; nothing if its branch does not exist yet.
  virtual absl::StatusOr<std::optional<ObjectId>> ReadHead() const = 0;

  // NotFound unless there is an object `id` of `type`.
  absl::Status RequireObject(const ObjectId& id, ObjectType type) const;
  absl::StatusOr<ObjectType> TypeOf(const ObjectId& id) const;
  absl::StatusOr<ObjectId> FindByName(std::string_view name) const;
  absl::StatusOr<ObjectId> FindByPrefix(std::string_view digits) const;
  absl::StatusOr<CommitId> ParentOf(const CommitId& commit, uint64_t number) const;

  const RepositoryHandle git_;
  const OdbHandle odb_;
};

}  // namespace mreg::history
