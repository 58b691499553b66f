#include "cli/workspace/clone.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <cerrno>
#include <utility>

#include "schema/base/file_system.h"
#include "schema/base/status.h"

namespace mreg::workspace {
namespace {

// git's index.lock is held only while the index is written, and a crash leaves it behind. A lock
// on an open file spans the whole command and goes with the process.
constexpr std::string_view kLockFile = "mreg.lock";

constexpr std::string_view kAnotherCommand = "another mreg command is changing this clone";

std::string WithoutLineEnds(std::string_view text) {
  return std::string(text.substr(0, text.find_first_of("\r\n")));
}

}  // namespace

Clone::Clone(std::string root, std::string store_directory, const Clock& clock)
    : root_(std::move(root)),
      git_directory_(JoinPath(root_, ".mreg")),
      store_directory_(std::move(store_directory)),
      clock_(clock),
      config_(history::OpenCloneConfig(git_directory_)) {}

absl::StatusOr<std::unique_ptr<Clone>> Clone::Open(std::string root, std::string store_directory,
                                                   const Clock& clock) {
  std::unique_ptr<Clone> clone(new Clone(std::move(root), std::move(store_directory), clock));
  MREG_ASSIGN_OR_RETURN(clone->tree_, WorkTree::Open(clone->root_));
  clone->fetched_ = std::make_unique<FetchedFiles>(*clone->tree_, kTemporaryFolder);
  MREG_ASSIGN_OR_RETURN(clone->history_, history::OpenDirectory(clone->git_directory_));
  return clone;
}

absl::StatusOr<registry::LocalStore*> Clone::Store() {
  if (store_ == nullptr) {
    MREG_ASSIGN_OR_RETURN(store_, registry::LocalStore::Open(store_directory_, PosixFileSystem()));
  }
  return store_.get();
}

absl::StatusOr<CloneLock> Clone::Lock() const {
  const std::string path = JoinPath(git_directory_, kLockFile);
  CloneLock lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (lock.get() < 0) return ErrnoStatus(errno, fmt::format("open {}", path));
  if (flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return ErrnoStatus(errno, fmt::format("lock {}", path));
  return absl::UnavailableError(fmt::format("{}: try again when it is done", kAnotherCommand));
}

absl::StatusOr<std::unique_ptr<history::StagingIndex>> Clone::OpenIndex() const {
  return history::OpenStagingIndex(git_directory_);
}

absl::StatusOr<Head> Clone::ReadHead() const {
  Head head;
  MREG_ASSIGN_OR_RETURN(head.branch, history_->HeadBranch());
  if (head.branch) {
    MREG_ASSIGN_OR_RETURN(const auto target, history_->references().Read(*head.branch));
    if (!target) return head;
    MREG_ASSIGN_OR_RETURN(head.commit, history_->Peel(*target));
  } else {
    MREG_ASSIGN_OR_RETURN(head.commit, history_->Resolve("HEAD"));
  }
  return head;
}

absl::StatusOr<std::vector<history::TreeEntry>> Clone::FilesOf(
    const std::optional<CommitId>& commit) const {
  if (!commit) return std::vector<history::TreeEntry>();
  return history_->ReadFiles(*commit);
}

absl::Status Clone::MoveHead(const Head& head, const CommitId& commit,
                             const history::Signature& who, std::string_view reason) {
  if (!head.branch) return history_->DetachHead(commit);
  history::ReferenceMove move{*head.branch, std::nullopt, ToObjectId(commit)};
  if (head.commit) move.expected = ToObjectId(*head.commit);
  const history::MoveRecord record{fmt::format("{} <{}>", who.name, who.email), clock_.Now(),
                                   WithoutLineEnds(reason)};
  return history_->references().Move({&move, 1}, record);
}

absl::Status SaveIndex(history::StagingIndex& index) {
  const absl::Status saved = index.Save();
  const bool is_contended = absl::IsAborted(saved) || absl::IsUnavailable(saved);
  return is_contended ? Annotate(saved, kAnotherCommand) : saved;
}

std::vector<history::TreeEntry> EntriesOf(const history::StagingIndex& index) {
  std::vector<history::TreeEntry> entries;
  entries.reserve(index.files().size());
  for (const history::StagedFile& file : index.files()) entries.push_back(file.entry);
  return entries;
}

}  // namespace mreg::workspace
