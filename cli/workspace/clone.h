// What every operation on a clone stands on. Internal to cli/workspace.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/workspace/fetched_files.h"
#include "cli/workspace/work_tree.h"
#include "schema/base/clock.h"
#include "schema/base/unique_fd.h"
#include "storage/history/clone_config.h"
#include "storage/history/repository.h"
#include "storage/history/staging_index.h"
#include "storage/registry/local_store.h"

namespace mreg::workspace {

// What HEAD is. A branch without a commit is one that does not exist yet.
struct Head {
  std::optional<std::string> branch;  // "refs/heads/main"; nothing: detached
  std::optional<CommitId> commit;
};

// Of files that are being written, below the clone's root.
inline constexpr char kTemporaryFolder[] = ".mreg/tmp";

// Held by a command that changes the clone; let go when it ends, however it ends.
using CloneLock = UniqueFd;

class Clone {
 public:
  // `root` is absolute and free of links; `clock` outlives the clone.
  static absl::StatusOr<std::unique_ptr<Clone>> Open(std::string root, std::string store_directory,
                                                     const Clock& clock);

  const std::string& root() const { return root_; }
  const std::string& git_directory() const { return git_directory_; }
  const WorkTree& tree() const { return *tree_; }
  history::Repository& history() const { return *history_; }
  history::CloneConfig& config() const { return *config_; }
  absl::StatusOr<registry::LocalStore*> Store();
  FetchedFiles& fetched() { return *fetched_; }

  // Unavailable if another mreg command is changing the clone.
  absl::StatusOr<CloneLock> Lock() const;

  absl::StatusOr<std::unique_ptr<history::StagingIndex>> OpenIndex() const;

  absl::StatusOr<Head> ReadHead() const;
  // Nothing if there is no commit.
  absl::StatusOr<std::vector<history::TreeEntry>> FilesOf(
      const std::optional<CommitId>& commit) const;

  // Moves what HEAD is from where it was read to `commit`, durably. Aborted if it is no longer
  // there.
  absl::Status MoveHead(const Head& head, const CommitId& commit, const history::Signature& who,
                        std::string_view reason);

 private:
  Clone(std::string root, std::string store_directory, const Clock& clock);

  const std::string root_;
  const std::string git_directory_;
  const std::string store_directory_;
  const Clock& clock_;
  std::unique_ptr<WorkTree> tree_;
  std::unique_ptr<history::Repository> history_;
  const std::unique_ptr<history::CloneConfig> config_;
  std::unique_ptr<registry::LocalStore> store_;
  std::unique_ptr<FetchedFiles> fetched_;
};

// Save, with an error that says who else is at work.
absl::Status SaveIndex(history::StagingIndex& index);

std::vector<history::TreeEntry> EntriesOf(const history::StagingIndex& index);

}  // namespace mreg::workspace
