// One repository's history: real git objects, read and written through libgit2. The same class
// stands on git's own on-disk form (a clone's .mreg/) and on tables of a key-value store (a
// server), so that everything above is written once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/bytes.h"
#include "schema/base/ids.h"
#include "storage/history/references.h"
#include "storage/kv/key_value_store.h"

namespace mreg::history {

// git's file modes. Others (symbolic links, submodules) are readable, so that they can be
// refused with a clear message.
enum class FileMode : uint32_t {
  kRegular = 0100644,
  kExecutable = 0100755,
  kSymbolicLink = 0120000,
  kSubmodule = 0160000,
};

// A file of a version; `path` is relative to the root, parts separated by '/'.
struct TreeEntry {
  std::string path;
  FileMode mode;
  ObjectId blob;
  friend bool operator==(const TreeEntry&, const TreeEntry&) = default;
};

struct Signature {
  std::string name;
  std::string email;
  int64_t seconds = 0;     // since 1970, UTC
  int offset_minutes = 0;  // of the writer's clock
};

struct Commit {
  CommitId id;
  ObjectId tree;
  std::vector<CommitId> parents;
  Signature author;
  Signature committer;
  std::string message;
};

enum class ObjectType : uint8_t { kCommit = 1, kTree = 2, kBlob = 3, kTag = 4 };

struct RawObject {
  ObjectType type;
  Bytes data;
};

struct AnnotatedTag {
  ObjectId target;
  std::string name;
  Signature tagger;
  std::string message;
};

// Thread-compatible: one thread at a time uses a Repository; opening several on one store is fine.
// NotFound where an object is absent; DataLoss where one is damaged.
class Repository {
 public:
  virtual ~Repository() = default;

  virtual References& references() = 0;
  virtual const References& references() const = 0;

  // Objects as git has them. WriteObject refuses what libgit2 cannot parse as `type`
  // (InvalidArgument), and replaces an object that is damaged. Written objects are readable at once
  // through this Repository and durable with the next Flush.
  virtual absl::StatusOr<RawObject> ReadObject(const ObjectId& id) const = 0;
  virtual absl::StatusOr<bool> HasObject(const ObjectId& id) const = 0;
  virtual absl::StatusOr<ObjectId> WriteObject(ObjectType type, ByteView data) = 0;

  // Makes every object written so far durable. With `batch`, adds them to it instead, where the
  // store is a key-value store: they are durable when the caller commits it, and handed out again
  // by the next Flush if it never was.
  virtual absl::Status Flush(kv::Batch* batch = nullptr) = 0;

  // The commit's files, sorted by path as bytes. InvalidArgument for trees that nest deeper than
  // 64 or list more than a million files, and for any that could not be checked out as they are:
  // names such as "..", ".git" and ".mreg", names that repeat, entries out of git's order. Modes
  // are one of FileMode's, or whatever git does not know.
  virtual absl::StatusOr<std::vector<TreeEntry>> ReadFiles(const CommitId& commit) const = 0;
  virtual absl::StatusOr<std::vector<TreeEntry>> ReadTree(const ObjectId& tree) const = 0;
  // `files` in any order; NotFound if a blob is absent, InvalidArgument for what ReadTree refuses.
  virtual absl::StatusOr<ObjectId> WriteTree(std::span<const TreeEntry> files) = 0;

  virtual absl::StatusOr<Commit> ReadCommit(const CommitId& id) const = 0;
  // `draft.id` is ignored. Its tree and parents must exist. Names and addresses lose the blanks
  // and punctuation at their ends, as in git; InvalidArgument for line breaks and angle brackets
  // in them and for an empty one.
  virtual absl::StatusOr<CommitId> WriteCommit(const Commit& draft) = 0;
  virtual absl::StatusOr<ObjectId> WriteTag(const AnnotatedTag& tag) = 0;
  virtual absl::StatusOr<AnnotatedTag> ReadTag(const ObjectId& id) const = 0;

  // What a person means by `revision`: a branch, tag, remote branch, HEAD, full or abbreviated
  // (>= 4 digits) id, each with any number of ~N and ^N behind. NotFound names it; an
  // abbreviation that fits several is InvalidArgument, and so is anything of another form. Tags are
  // followed to their commit. Where names clash, git's order decides: a full id, HEAD, a full name,
  // a tag, a branch, a remote branch, an abbreviation.
  virtual absl::StatusOr<CommitId> Resolve(std::string_view revision) const = 0;

  // The commit that `object` is, or that the tag `object` leads to.
  virtual absl::StatusOr<CommitId> Peel(const ObjectId& object) const = 0;

  // Commits reachable from `from` and not from `hide`, children before parents, newest first.
  // `visit` returns false to end. Ids in `hide` that do not exist are ignored.
  virtual absl::Status Walk(std::span<const CommitId> from, std::span<const CommitId> hide,
                            const std::function<bool(const Commit&)>& visit) const = 0;

  // Nothing if the two share no history.
  virtual absl::StatusOr<std::optional<CommitId>> MergeBase(const CommitId& a,
                                                            const CommitId& b) const = 0;
  // A commit is its own ancestor.
  virtual absl::StatusOr<bool> IsAncestor(const CommitId& ancestor,
                                          const CommitId& descendant) const = 0;

  // Every object reachable from `wants` and not from `haves`: tags, commits, trees, blobs.
  // Unknown `haves` are ignored; an absent want is NotFound. In time and memory proportional to
  // what changed between them; for that, what was moved to another folder or had been removed for
  // a while may be listed although `haves` reach it.
  virtual absl::StatusOr<std::vector<ObjectId>> ObjectsBetween(
      std::span<const ObjectId> wants, std::span<const ObjectId> haves) const = 0;

  // The branch that HEAD names, e.g. "refs/heads/main", which need not exist yet; nothing if
  // HEAD is detached.
  virtual absl::StatusOr<std::optional<std::string>> HeadBranch() const = 0;
  // Points HEAD at a branch, durably.
  virtual absl::Status SetHeadBranch(std::string_view reference) = 0;
  // Points HEAD straight at a commit, durably. FailedPrecondition in a key-value store, where HEAD
  // always names a branch.
  virtual absl::Status DetachHead(const CommitId& commit) = 0;
};

// A new repository in git's on-disk form in `git_directory`, its work tree beside it (the
// parent folder), HEAD at refs/heads/main. AlreadyExists if there is one.
absl::Status InitDirectory(const std::string& git_directory);
// NotFound if there is none.
absl::StatusOr<std::unique_ptr<Repository>> OpenDirectory(const std::string& git_directory);

// Called with every batch that moves references in a key-value store, before it is committed, so
// that the journal's entry is in the same batch. If it fails, so does the move.
using MoveHook = std::function<absl::Status(std::span<const ReferenceMove> moves,
                                            const MoveRecord& record, kv::Batch& batch)>;

// The repository number `id` of `store` (tables kObjects and kReferences), which outlives it.
// There is nothing to create: a number never used is an empty repository.
// `hook` may be empty. A Move whose batch is refused only because of what `hook` expected is tried
// again, up to 64 times with growing pauses, asking `hook` each time.
absl::StatusOr<std::unique_ptr<Repository>> OpenStored(kv::KeyValueStore& store, uint64_t id,
                                                       MoveHook hook);

}  // namespace mreg::history
