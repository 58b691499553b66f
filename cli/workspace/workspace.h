// A clone: the work tree, its history in .mreg/, and the user's store that keeps its files. No
// terminal here: reports are values, and only commands turn them into text.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/workspace/sparse_patterns.h"
#include "schema/base/clock.h"
#include "storage/content/content_store.h"
#include "storage/content/file_assembler.h"
#include "storage/history/merge.h"
#include "storage/history/repository.h"
#include "storage/history/staging_index.h"
#include "storage/registry/local_store.h"
#include "storage/registry/manifest.h"

namespace mreg::workspace {

// Where a user's things are; filled from the environment by the CLI.
struct UserPaths {
  std::string store;  // the store of all clones
};

enum class Change { kAdded, kModified, kRemoved };

struct ChangedFile {
  std::string path;
  Change change;
};

struct StatusReport {
  std::optional<std::string> branch;   // short name; nothing: HEAD is detached
  std::optional<CommitId> head;        // nothing: no commit yet
  std::vector<ChangedFile> staged;     // index against HEAD
  std::vector<ChangedFile> unstaged;   // work tree against index
  std::vector<std::string> untracked;  // folders with nothing tracked end in '/'
  // Against the branch's upstream, where it has one that was fetched.
  std::optional<std::string> upstream;
  uint64_t ahead = 0, behind = 0;
  std::vector<std::string> sparse_patterns;  // empty: the work tree has all files
  uint64_t left_out = 0;                     // files of the index that it has not
};

struct AddedFile {
  std::string path;
  content::FileKind kind = content::FileKind::kOther;
  bool is_artifact = false;
  uint64_t size = 0, new_bytes = 0;
  uint64_t tensors = 0;            // of a model
  std::string model_summary;       // "ONNX, IR 8, opset 16, 42 tensors"; "" for others
  std::vector<std::string> notes;  // what a registry might refuse, escaped
};

struct AddReport {
  std::vector<AddedFile> added;
  std::vector<std::string> removed;
};

// `path` is the file that is being worked on; `done` and `total` are bytes of all the files that
// the command has to read or write.
using FileProgress = std::function<void(std::string_view path, uint64_t done, uint64_t total)>;

// Thread-compatible. NotFound for paths that match nothing, and for files that the store lacks;
// FailedPrecondition where local changes would be lost; Unavailable while another command is
// changing the clone; Aborted where something else changed it, or a file of it, meanwhile.
class Workspace {
 public:
  virtual ~Workspace() = default;

  virtual const std::string& root() const = 0;           // absolute
  virtual const std::string& git_directory() const = 0;  // root()/.mreg
  virtual history::Repository& history() = 0;
  // Opened when it is first asked for.
  virtual absl::StatusOr<registry::LocalStore*> store() = 0;
  // Where files that are being fetched are put together for the next checkout.
  virtual content::FileOutputs& fetched() = 0;

  // .mreg/config, in git's format: "remote.origin.url", "branch.main.remote", "user.name".
  virtual absl::StatusOr<std::optional<std::string>> GetConfig(std::string_view key) const = 0;
  virtual absl::Status SetConfig(std::string_view key, std::string_view value) = 0;
  virtual absl::Status UnsetConfig(std::string_view key) = 0;
  // Remotes by name, with their URLs.
  virtual absl::StatusOr<std::map<std::string, std::string>> Remotes() const = 0;

  // Fast: unchanged files are recognised by their stamps and not read. Files that had to be read,
  // and are unchanged, get new stamps in the index, unless another command is at work.
  virtual absl::StatusOr<StatusReport> Status() = 0;

  // Puts the named files (folders with all below; removed files too) into the index, their
  // content into the store. `paths` are relative to `from`, a folder inside the work tree.
  // Hostile names, links and special files are refused, and nothing is added then, as are ignored
  // files that are named themselves. The report tells what differs in the index from before.
  // What the files have in common with those of the versions `derived_from` that are in the store
  // is kept once, as it is with those of HEAD.
  virtual absl::StatusOr<AddReport> Add(std::span<const std::string> paths, const std::string& from,
                                        std::span<const CommitId> derived_from,
                                        const FileProgress& progress) = 0;

  // FailedPrecondition if nothing is staged. `parents` beyond HEAD make it a merge.
  virtual absl::StatusOr<CommitId> Commit(const std::string& message,
                                          const history::Signature& author,
                                          std::span<const CommitId> more_parents) = 0;

  // The artifacts of a version that the store lacks, and that a checkout needs to be fetched first.
  // When they are there, they may tell of more: models name the files that hold their tensors.
  virtual absl::StatusOr<std::vector<ArtifactId>> MissingFiles(const CommitId& commit) = 0;
  // The same if the clone had these patterns.
  virtual absl::StatusOr<std::vector<ArtifactId>> MissingFiles(const CommitId& commit,
                                                               const SparsePatterns& patterns) = 0;
  // The same for Restore of files in the work tree.
  virtual absl::StatusOr<std::vector<ArtifactId>> MissingToRestore(
      std::span<const std::string> paths, const std::string& from,
      std::optional<CommitId> source) = 0;

  // Which files the work tree is to have, from now on: a checkout writes no others, and what is
  // left out of the work tree stays in the versions that are committed. Nothing is written or
  // removed yet.
  virtual absl::Status SetSparsePatterns(const SparsePatterns& patterns) = 0;
  // Writes and removes files so that the work tree has what it is to have of the index. Errors as
  // of Checkout. Files that were changed are not removed: FailedPrecondition.
  virtual absl::Status ReapplySparse(const FileProgress& progress) = 0;

  // Makes work tree and index those of `commit`, touching only files that differ between it and
  // the index. Refuses (FailedPrecondition, naming the files) to lose staged or local changes of
  // theirs, or to overwrite untracked files. Every path is checked by the registry's rules first,
  // and nothing is written through a link. NotFound, before anything is touched, if the store
  // lacks files. Interrupted, it is completed by running it again. It moves no reference.
  virtual absl::Status Checkout(const CommitId& commit, const FileProgress& progress) = 0;

  // The same, then points HEAD at the branch `reference` ("refs/heads/main", NotFound if there is
  // none), or at `commit`. Staged changes to files that HEAD and the new version have alike stay
  // staged.
  virtual absl::Status SwitchTo(const std::string& reference, const FileProgress& progress) = 0;
  virtual absl::Status Detach(const CommitId& commit, const FileProgress& progress) = 0;

  // kWorkTree overwrites the named files in the work tree with those of the index, or of `source`,
  // and stages nothing; files that are left out of it only where they are named themselves. kIndex
  // sets the index back to HEAD (or `source`) and leaves the work tree.
  enum class RestoreWhat { kWorkTree, kIndex };
  virtual absl::Status Restore(std::span<const std::string> paths, const std::string& from,
                               RestoreWhat what, std::optional<CommitId> source,
                               const FileProgress& progress) = 0;

  // Merges `other` into HEAD's branch: moves it forward where it can, else commits a merge.
  // Conflicts are returned, and nothing has changed then; `choose` settles a path in conflict
  // beforehand, and names no other. FailedPrecondition if anything is staged. Interrupted, it is
  // completed by running it again.
  enum class Side { kOurs, kTheirs };
  struct MergeReport {
    enum class Kind { kUpToDate, kFastForward, kMerged, kConflicts } kind;
    std::optional<CommitId> commit;
    std::vector<history::MergeConflict> conflicts;
  };
  virtual absl::StatusOr<MergeReport> Merge(const CommitId& other, const std::string& message,
                                            const history::Signature& author,
                                            const std::map<std::string, Side>& choose,
                                            const FileProgress& progress) = 0;
};

// A new clone in `directory` (created if absent), on branch main, registered with the store.
// AlreadyExists if there is one.
absl::StatusOr<std::unique_ptr<Workspace>> InitWorkspace(const std::string& directory,
                                                         const UserPaths& paths,
                                                         const Clock& clock);

// The clone that `directory` is in. NotFound if it is in none.
absl::StatusOr<std::unique_ptr<Workspace>> FindWorkspace(const std::string& directory,
                                                         const UserPaths& paths,
                                                         const Clock& clock);

}  // namespace mreg::workspace
