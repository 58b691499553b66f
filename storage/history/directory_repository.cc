// A repository in git's on-disk form: a clone's .mreg/.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "schema/base/file_system.h"
#include "schema/base/status.h"
#include "storage/history/directory_references.h"
#include "storage/history/git_status.h"
#include "storage/history/reference_rules.h"
#include "storage/history/repository_base.h"

namespace mreg::history {
namespace {

// One call in place of a sync for each of thousands of small files and their folders. It waits for
// the whole file system, which in a clone holds little else that is being written: the artifacts
// that were just added, durable already.
absl::Status SyncFileSystemOf(const std::string& directory) {
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, fmt::format("open {}", directory));
  const int failed = syncfs(fd);
  const int error = errno;
  close(fd);
  if (failed != 0) return ErrnoStatus(error, fmt::format("sync {}", directory));
  return absl::OkStatus();
}

class DirectoryRepository final : public RepositoryBase {
 public:
  DirectoryRepository(RepositoryHandle git, OdbHandle odb, std::string directory,
                      std::unique_ptr<DirectoryReferences> references)
      : RepositoryBase(std::move(git), std::move(odb)),
        directory_(std::move(directory)),
        references_(std::move(references)) {}

  References& references() override { return *references_; }
  const References& references() const override { return *references_; }

  absl::Status Flush(kv::Batch*) override {
    if (!has_unsynced_objects_) return absl::OkStatus();
    MREG_RETURN_IF_ERROR(SyncFileSystemOf(directory_));
    has_unsynced_objects_ = false;
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<std::string>> HeadBranch() const override {
    return references_->HeadBranch();
  }

  absl::Status SetHeadBranch(std::string_view reference) override {
    MREG_RETURN_IF_ERROR(CheckBranchName(reference));
    return references_->SetHeadBranch(reference);
  }

  absl::Status DetachHead(const CommitId& commit) override {
    return references_->DetachHead(commit);
  }

 private:
  // Without a sync of its own, unlike git's default: Flush does it for all. A file that a power
  // cut before Flush left empty is what the removal here is for.
  absl::Status StoreObject(const ObjectId& id, ObjectType type, ByteView data) override {
    const std::string hex = id.ToHex();
    const absl::Status removed = PosixFileSystem().Remove(
        fmt::format("{}/objects/{}/{}", directory_, hex.substr(0, 2), hex.substr(2)));
    if (!removed.ok() && !absl::IsNotFound(removed)) return removed;
    git_oid written;
    const int code = git_odb_write(&written, odb(), data.empty() ? "" : data.data(), data.size(),
                                   static_cast<git_object_t>(type));
    if (code < 0) return GitStatus(code, fmt::format("write object {}", hex));
    has_unsynced_objects_ = true;
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<ObjectId>> ReadHead() const override {
    return references_->ReadHead();
  }

  const std::string directory_;
  const std::unique_ptr<DirectoryReferences> references_;
  bool has_unsynced_objects_ = false;
};

absl::StatusOr<RepositoryHandle> Open(const std::string& directory) {
  git_repository* opened = nullptr;
  const int code = git_repository_open_ext(
      &opened, directory.c_str(), GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_NO_DOTGIT,
      nullptr);
  if (code < 0) return GitStatus(code, fmt::format("open repository {}", directory));
  return RepositoryHandle(opened);
}

// Bare at first: for a work tree outside the directory libgit2 would leave a file ".git" in it.
absl::Status Create(const std::string& directory) {
  git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
  options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_NO_REINIT |
                  GIT_REPOSITORY_INIT_NO_DOTGIT_DIR | GIT_REPOSITORY_INIT_MKPATH;
  options.initial_head = "main";
  git_repository* made = nullptr;
  const int code = git_repository_init_ext(&made, directory.c_str(), &options);
  const RepositoryHandle git(made);
  return code == 0 ? absl::OkStatus()
                   : GitStatus(code, fmt::format("create repository {}", directory));
}

absl::Status SetWorkTree(const std::string& directory) {
  MREG_ASSIGN_OR_RETURN(const RepositoryHandle git, Open(directory));
  git_config* read = nullptr;
  int code = git_repository_config(&read, git.get());
  const ConfigHandle config(read);
  if (code == 0) code = git_config_set_string(read, "core.worktree", "..");
  if (code == 0) code = git_config_set_bool(read, "core.logallrefupdates", 1);
  if (code == 0) code = git_config_set_bool(read, "core.bare", 0);
  return code == 0 ? absl::OkStatus() : GitStatus(code, fmt::format("configure {}", directory));
}

// git leaves out only what is called ".git".
absl::Status ExcludeFromWorkTree(const std::string& directory) {
  std::string_view name = directory;
  while (name.ends_with('/')) name.remove_suffix(1);
  name.remove_prefix(name.rfind('/') + 1);
  return WriteFileAtomically(PosixFileSystem(), JoinPath(directory, "info/exclude"),
                             fmt::format("/{}/\n", name));
}

}  // namespace

absl::Status InitDirectory(const std::string& git_directory) {
  StartLibgit2();
  MREG_RETURN_IF_ERROR(Create(git_directory));
  MREG_RETURN_IF_ERROR(SetWorkTree(git_directory));
  MREG_RETURN_IF_ERROR(ExcludeFromWorkTree(git_directory));
  return SyncFileSystemOf(git_directory);
}

absl::StatusOr<std::unique_ptr<Repository>> OpenDirectory(const std::string& git_directory) {
  StartLibgit2();
  MREG_ASSIGN_OR_RETURN(RepositoryHandle git, Open(git_directory));
  MREG_ASSIGN_OR_RETURN(auto references, DirectoryReferences::Open(git_directory));
  git_odb* objects = nullptr;
  const int code = git_repository_odb(&objects, git.get());
  if (code < 0) return GitStatus(code, fmt::format("open the objects of {}", git_directory));
  return std::make_unique<DirectoryRepository>(std::move(git), OdbHandle(objects), git_directory,
                                               std::move(references));
}

}  // namespace mreg::history
