// A clone's folder, reached from its root one part of a path at a time, so that no symbolic link is
// ever followed: what a version names stays inside, whatever lies in the way.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/workspace/work_file.h"
#include "schema/base/unique_fd.h"

namespace mreg::workspace {

// Paths are relative to the root, as in a version; "" is the root itself. Thread-compatible.
class WorkTree {
 public:
  static absl::StatusOr<std::unique_ptr<WorkTree>> Open(const std::string& root);

  // What lies at `path`, a symbolic link as such. Nothing if there is nothing, also where a folder
  // on the way is none, or a symbolic link.
  absl::StatusOr<std::optional<struct stat>> Look(std::string_view path) const;

  // NotFound if there is none. FailedPrecondition, naming it, if a part of the path is no folder:
  // a symbolic link is none.
  absl::StatusOr<UniqueFd> OpenFolder(std::string_view path) const;
  // The same, making what is absent.
  absl::StatusOr<UniqueFd> MakeFolder(std::string_view path) const;

  // InvalidArgument if `path` is no regular file; else as OpenFolder.
  absl::StatusOr<std::unique_ptr<WorkFile>> OpenFile(std::string_view path) const;

  // Removes the file, then its folders as far as nothing is left in them. OK if it is gone.
  absl::Status Remove(std::string_view path) const;

  // Removes the folder if nothing but empty folders is in it; nothing else happens otherwise.
  void RemoveEmptyFolders(std::string_view path) const;

  int root_fd() const { return root_.get(); }

 private:
  explicit WorkTree(UniqueFd root) : root_(std::move(root)) {}

  enum class Absent { kIsNotFound, kIsMade };
  absl::StatusOr<UniqueFd> Walk(std::string_view path, Absent absent) const;

  const UniqueFd root_;
};

// "a/b" of "a/b/c"; "" of "c".
std::string_view FolderOf(std::string_view path);
// "c" of "a/b/c".
std::string NameOf(std::string_view path);
// "a/b" of "a" and "b"; "b" of "" and "b".
std::string PathIn(std::string_view folder, std::string_view name);
// Whether `path` lies below `folder`; everything but the root does below "".
bool IsBelow(std::string_view path, std::string_view folder);

}  // namespace mreg::workspace
