#include "cli/workspace/workspace.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "cli/workspace/add.h"
#include "cli/workspace/checkout.h"
#include "cli/workspace/clone.h"
#include "cli/workspace/commit.h"
#include "cli/workspace/merge.h"
#include "cli/workspace/missing_files.h"
#include "cli/workspace/path_arguments.h"
#include "cli/workspace/restore.h"
#include "cli/workspace/sparse_checkout.h"
#include "cli/workspace/status.h"
#include "schema/base/display.h"
#include "schema/base/file_system.h"
#include "schema/base/status.h"

namespace mreg::workspace {
namespace {

constexpr std::string_view kGitDirectory = ".mreg";

class CloneWorkspace final : public Workspace {
 public:
  explicit CloneWorkspace(std::unique_ptr<Clone> clone) : clone_(std::move(clone)) {}

  const std::string& root() const override { return clone_->root(); }
  const std::string& git_directory() const override { return clone_->git_directory(); }
  history::Repository& history() override { return clone_->history(); }
  absl::StatusOr<registry::LocalStore*> store() override { return clone_->Store(); }
  content::FileOutputs& fetched() override { return clone_->fetched(); }

  absl::StatusOr<std::optional<std::string>> GetConfig(std::string_view key) const override {
    return clone_->config().Get(key);
  }
  absl::Status SetConfig(std::string_view key, std::string_view value) override {
    return clone_->config().Set(key, value);
  }
  absl::Status UnsetConfig(std::string_view key) override { return clone_->config().Unset(key); }

  absl::StatusOr<std::map<std::string, std::string>> Remotes() const override {
    constexpr std::string_view kBefore = "remote.";
    constexpr std::string_view kAfter = ".url";
    std::map<std::string, std::string> remotes;
    MREG_ASSIGN_OR_RETURN(const auto entries, clone_->config().List(kBefore));
    for (const history::ConfigEntry& entry : entries) {
      std::string_view name = entry.key;
      name.remove_prefix(kBefore.size());
      if (name.size() <= kAfter.size() || !name.ends_with(kAfter)) continue;
      name.remove_suffix(kAfter.size());
      remotes[std::string(name)] = entry.value;
    }
    return remotes;
  }

  absl::StatusOr<StatusReport> Status() override { return ReadStatus(*clone_); }

  absl::StatusOr<AddReport> Add(std::span<const std::string> paths, const std::string& from,
                                std::span<const CommitId> derived_from,
                                const FileProgress& progress) override {
    MREG_ASSIGN_OR_RETURN(const auto arguments, ResolveArguments(root(), from, paths));
    MREG_ASSIGN_OR_RETURN(const CloneLock lock, clone_->Lock());
    return AddFiles(*clone_, arguments, derived_from, progress);
  }

  absl::StatusOr<CommitId> Commit(const std::string& message, const history::Signature& author,
                                  std::span<const CommitId> more_parents) override {
    MREG_ASSIGN_OR_RETURN(const CloneLock lock, clone_->Lock());
    return CommitStaged(*clone_, message, author, more_parents);
  }

  absl::StatusOr<std::vector<ArtifactId>> MissingFiles(const CommitId& commit) override {
    MREG_ASSIGN_OR_RETURN(const SparsePatterns patterns, ReadSparsePatterns(*clone_));
    return MissingFiles(commit, patterns);
  }

  absl::StatusOr<std::vector<ArtifactId>> MissingFiles(const CommitId& commit,
                                                       const SparsePatterns& patterns) override {
    MREG_ASSIGN_OR_RETURN(const auto files, clone_->FilesOf(commit));
    MREG_ASSIGN_OR_RETURN(const PathSet left_out, LeftOut(*clone_, patterns, files));
    return Missing(Without(left_out, files));
  }

  absl::StatusOr<std::vector<ArtifactId>> MissingToRestore(
      std::span<const std::string> paths, const std::string& from,
      std::optional<CommitId> source) override {
    MREG_ASSIGN_OR_RETURN(const auto arguments, ResolveArguments(root(), from, paths));
    MREG_ASSIGN_OR_RETURN(const auto index, clone_->OpenIndex());
    MREG_ASSIGN_OR_RETURN(const auto files, FilesToRestore(*clone_, *index, arguments, source));
    return Missing(files);
  }

  absl::Status SetSparsePatterns(const SparsePatterns& patterns) override {
    MREG_ASSIGN_OR_RETURN(const CloneLock lock, clone_->Lock());
    return WriteSparsePatterns(*clone_, patterns);
  }

  absl::Status ReapplySparse(const FileProgress& progress) override {
    MREG_ASSIGN_OR_RETURN(const CloneLock lock, clone_->Lock());
    return workspace::ReapplySparse(*clone_, progress);
  }

  absl::Status Checkout(const CommitId& commit, const FileProgress& progress) override {
    MREG_ASSIGN_OR_RETURN(const CloneLock lock, clone_->Lock());
    return CheckOut(*clone_, commit, StagedChanges::kRefuse, progress);
  }

  absl::Status SwitchTo(const std::string& reference, const FileProgress& progress) override {
    MREG_ASSIGN_OR_RETURN(const CloneLock lock, clone_->Lock());
    return workspace::SwitchTo(*clone_, reference, progress);
  }

  absl::Status Detach(const CommitId& commit, const FileProgress& progress) override {
    MREG_ASSIGN_OR_RETURN(const CloneLock lock, clone_->Lock());
    return workspace::Detach(*clone_, commit, progress);
  }

  absl::Status Restore(std::span<const std::string> paths, const std::string& from,
                       RestoreWhat what, std::optional<CommitId> source,
                       const FileProgress& progress) override {
    MREG_ASSIGN_OR_RETURN(const auto arguments, ResolveArguments(root(), from, paths));
    MREG_ASSIGN_OR_RETURN(const CloneLock lock, clone_->Lock());
    if (what == RestoreWhat::kIndex) return RestoreIndex(*clone_, arguments, source);
    return RestoreWorkTree(*clone_, arguments, source, progress);
  }

  absl::StatusOr<MergeReport> Merge(const CommitId& other, const std::string& message,
                                    const history::Signature& author,
                                    const std::map<std::string, Side>& choose,
                                    const FileProgress& progress) override {
    MREG_ASSIGN_OR_RETURN(const CloneLock lock, clone_->Lock());
    return MergeInto(*clone_, other, message, author, choose, progress);
  }

 private:
  absl::StatusOr<std::vector<ArtifactId>> Missing(std::span<const history::TreeEntry> files) {
    MREG_ASSIGN_OR_RETURN(const FileSupply supply, FindSupply(*clone_, files));
    return ArtifactsOf(supply.missing);
  }

  const std::unique_ptr<Clone> clone_;
};

absl::StatusOr<std::string> WithoutLinks(const std::string& directory) {
  std::error_code error;
  const auto path = std::filesystem::canonical(directory, error);
  if (!error) return path.string();
  return ErrnoStatus(error.value(), fmt::format("open {}", EscapeForDisplay(directory)));
}

// A link of that name is nobody's clone: what it leads to may be anyone's.
bool IsFolder(const std::string& path) {
  struct stat info;
  return lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

absl::StatusOr<std::unique_ptr<Workspace>> OpenAt(std::string root, const UserPaths& paths,
                                                  const Clock& clock) {
  MREG_ASSIGN_OR_RETURN(auto clone, Clone::Open(std::move(root), paths.store, clock));
  return std::make_unique<CloneWorkspace>(std::move(clone));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Workspace>> InitWorkspace(const std::string& directory,
                                                         const UserPaths& paths,
                                                         const Clock& clock) {
  MREG_RETURN_IF_ERROR(PosixFileSystem().CreateDirectories(directory));
  MREG_ASSIGN_OR_RETURN(const std::string root, WithoutLinks(directory));
  const std::string git_directory = JoinPath(root, kGitDirectory);
  struct stat info;
  if (lstat(git_directory.c_str(), &info) == 0) {
    return absl::AlreadyExistsError(
        fmt::format("{} already exists", EscapeForDisplay(git_directory)));
  }
  // Registered first: a clone that is not there keeps nothing in the store, one that the store
  // does not know could lose its files.
  MREG_ASSIGN_OR_RETURN(const auto store,
                        registry::LocalStore::Open(paths.store, PosixFileSystem()));
  MREG_RETURN_IF_ERROR(store->RegisterClone(root));
  MREG_RETURN_IF_ERROR(history::InitDirectory(git_directory));
  return OpenAt(root, paths, clock);
}

absl::StatusOr<std::unique_ptr<Workspace>> FindWorkspace(const std::string& directory,
                                                         const UserPaths& paths,
                                                         const Clock& clock) {
  MREG_ASSIGN_OR_RETURN(std::string folder, WithoutLinks(directory));
  while (true) {
    if (IsFolder(JoinPath(folder, kGitDirectory))) return OpenAt(std::move(folder), paths, clock);
    if (folder == "/") break;
    folder = ParentPath(folder);
  }
  return absl::NotFoundError(fmt::format("{} is not in a clone: no folder above it has a {}",
                                         EscapeForDisplay(directory), kGitDirectory));
}

}  // namespace mreg::workspace
