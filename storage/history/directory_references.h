// The references of a repository in git's on-disk form: files below refs/, packed-refs, HEAD, and
// the reflogs beside them, all through libgit2. For this room's sources only.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/history/git_handle.h"
#include "storage/history/references.h"

namespace mreg::history {

// Thread-safe, and safe beside git and other processes that honour git's lock files.
class DirectoryReferences final : public References {
 public:
  // On a handle of its own: the objects' handle serves another thread at the same time.
  static absl::StatusOr<std::unique_ptr<DirectoryReferences>> Open(
      const std::string& git_directory);

  absl::StatusOr<std::vector<Reference>> List(std::string_view prefix) const override;
  absl::StatusOr<std::optional<ObjectId>> Read(std::string_view name) const override;

  // Unavailable if another process keeps a lock for more than a few seconds: the message names
  // the lock file.
  absl::Status Move(std::span<const ReferenceMove> moves, const MoveRecord& record) override;

  absl::StatusOr<std::optional<std::string>> HeadBranch() const;
  // What HEAD leads to; nothing if its branch does not exist.
  absl::StatusOr<std::optional<ObjectId>> ReadHead() const;
  absl::Status SetHeadBranch(std::string_view name);
  absl::Status DetachHead(const CommitId& commit);

 private:
  DirectoryReferences(std::string git_directory, RepositoryHandle git)
      : git_directory_(std::move(git_directory)), git_(std::move(git)) {}

  absl::StatusOr<std::optional<ObjectId>> ReadAny(const std::string& name) const;
  absl::Status Settle(std::span<const ReferenceMove> moves);

  const std::string git_directory_;
  // libgit2 promises nothing about one handle in two threads. What is done under the lock is the
  // file work of a clone's few references. Recursive, since Move asks List and Read.
  mutable std::recursive_mutex mutex_;
  const RepositoryHandle git_;
};

}  // namespace mreg::history
