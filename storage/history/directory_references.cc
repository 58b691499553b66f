#include "storage/history/directory_references.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "schema/base/file_system.h"
#include "schema/base/status.h"
#include "storage/history/git_status.h"
#include "storage/history/lock_record.h"
#include "storage/history/reference_rules.h"

namespace mreg::history {
namespace {

constexpr char kHead[] = "HEAD";
const std::string kHeadLock[] = {kHead};
constexpr auto kLongestWait = std::chrono::seconds(5);
constexpr auto kWaitBetweenTries = std::chrono::milliseconds(5);

// libgit2 decides when it opens the references whether it will sync each change of them, by a
// switch that holds for the process and for loose objects too. Those are synced all at once, by
// Flush, so the switch is on only for this moment; an object written meanwhile is just slower.
absl::StatusOr<RepositoryHandle> OpenSynced(const std::string& git_directory) {
  static std::mutex one_at_a_time;
  std::lock_guard lock(one_at_a_time);
  git_repository* opened = nullptr;
  int code = git_repository_open_ext(&opened, git_directory.c_str(),
                                     GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_NO_DOTGIT,
                                     nullptr);
  RepositoryHandle git(opened);
  git_refdb* references = nullptr;
  git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
  if (code == 0) code = git_repository_refdb(&references, opened);
  git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 0);
  const RefdbHandle handle(references);
  if (code < 0) return GitStatus(code, fmt::format("open repository {}", git_directory));
  return git;
}

// "Alice <alice@example.org>" as it is; of a bare "alice" both name and address.
absl::StatusOr<SignatureHandle> ToGitSignature(const MoveRecord& record) {
  std::string name = record.actor.empty() ? "unknown" : record.actor;
  std::string email = name;
  const size_t begin = name.find(" <");
  if (begin != std::string::npos && name.ends_with('>')) {
    email = name.substr(begin + 2, name.size() - begin - 3);
    name.resize(begin);
  }
  const auto seconds = std::chrono::floor<std::chrono::seconds>(record.when.time_since_epoch());
  git_signature* made = nullptr;
  const int code = git_signature_new(&made, name.c_str(), email.c_str(), seconds.count(), 0);
  if (code == 0) return SignatureHandle(made);
  return absl::InvalidArgumentError(
      fmt::format("the reflog cannot name '{}' as who moved a reference", record.actor));
}

std::string OneLine(std::string text) {
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < 0x20; }, ' ');
  return text;
}

absl::StatusOr<TransactionHandle> TryLock(git_repository* git,
                                          std::span<const ReferenceMove> moves) {
  git_transaction* made = nullptr;
  if (const int code = git_transaction_new(&made, git); code < 0) {
    return GitStatus(code, "begin to move references");
  }
  TransactionHandle transaction(made);
  for (const ReferenceMove& move : moves) {
    const int code = git_transaction_lock_ref(made, move.name.c_str());
    if (code < 0) return GitStatus(code, fmt::format("lock {}", move.name));
  }
  return transaction;
}

// What libgit2 locks to move them.
std::vector<std::string> LockedFor(std::span<const ReferenceMove> moves) {
  std::vector<std::string> names = {"packed-refs"};
  for (const ReferenceMove& move : moves) names.push_back(move.name);
  return names;
}

// All or none, so that two who want the same ones in another order do not wait for each other.
absl::StatusOr<TransactionHandle> Lock(git_repository* git, std::span<const ReferenceMove> moves) {
  const auto end = std::chrono::steady_clock::now() + kLongestWait;
  while (true) {
    auto locked = TryLock(git, moves);
    if (!absl::IsUnavailable(locked.status()) || std::chrono::steady_clock::now() > end) {
      return locked;
    }
    std::this_thread::sleep_for(kWaitBetweenTries);
  }
}

absl::Status Enter(git_transaction* transaction, const ReferenceMove& move,
                   const git_signature* actor, const std::string& reason) {
  int code = 0;
  if (move.target) {
    const git_oid target = ToOid(*move.target);
    code =
        git_transaction_set_target(transaction, move.name.c_str(), &target, actor, reason.c_str());
  } else if (move.expected) {
    code = git_transaction_remove(transaction, move.name.c_str());
  }
  return code == 0 ? absl::OkStatus() : GitStatus(code, fmt::format("move {}", move.name));
}

}  // namespace

absl::StatusOr<std::unique_ptr<DirectoryReferences>> DirectoryReferences::Open(
    const std::string& git_directory) {
  MREG_ASSIGN_OR_RETURN(RepositoryHandle git, OpenSynced(git_directory));
  return std::unique_ptr<DirectoryReferences>(
      new DirectoryReferences(git_directory, std::move(git)));
}

absl::StatusOr<std::vector<Reference>> DirectoryReferences::List(std::string_view prefix) const {
  std::lock_guard lock(mutex_);
  git_reference_iterator* made = nullptr;
  int code = git_reference_iterator_new(&made, git_.get());
  if (code < 0) return GitStatus(code, "list references");
  const ReferenceIteratorHandle iterator(made);
  std::vector<Reference> references;
  const char* name = nullptr;
  while ((code = git_reference_next_name(&name, made)) == 0) {
    if (!std::string_view(name).starts_with(prefix)) continue;
    MREG_ASSIGN_OR_RETURN(const auto target, ReadAny(name));
    if (target) references.push_back({name, *target});
  }
  if (code != GIT_ITEROVER) return GitStatus(code, "list references");
  std::ranges::sort(references, {}, &Reference::name);
  return references;
}

absl::StatusOr<std::optional<ObjectId>> DirectoryReferences::Read(std::string_view name) const {
  if (!IsValidReferenceName(name)) return std::nullopt;
  return ReadAny(std::string(name));
}

absl::StatusOr<std::optional<ObjectId>> DirectoryReferences::ReadAny(
    const std::string& name) const {
  std::lock_guard lock(mutex_);
  git_oid target;
  const int code = git_reference_name_to_id(&target, git_.get(), name.c_str());
  if (code == GIT_ENOTFOUND) return std::nullopt;
  if (code < 0) return GitStatus(code, fmt::format("read {}", name));
  return ToObjectId(target);
}

absl::Status DirectoryReferences::Move(std::span<const ReferenceMove> moves,
                                       const MoveRecord& record) {
  MREG_RETURN_IF_ERROR(CheckNames(moves));
  MREG_ASSIGN_OR_RETURN(const SignatureHandle actor, ToGitSignature(record));
  const std::string reason = OneLine(record.reason);
  std::lock_guard lock(mutex_);
  MREG_RETURN_IF_ERROR(CheckFolders(*this, moves));
  // Goes after the transaction, which removes the lock files.
  MREG_ASSIGN_OR_RETURN(const auto mine, LockRecord::Begin(git_directory_, LockedFor(moves)));
  MREG_ASSIGN_OR_RETURN(TransactionHandle transaction, Lock(git_.get(), moves));
  MREG_RETURN_IF_ERROR(CheckExpected(*this, moves));
  for (const ReferenceMove& move : moves) {
    MREG_RETURN_IF_ERROR(Enter(transaction.get(), move, actor.get(), reason));
  }
  const int code = git_transaction_commit(transaction.get());
  if (code < 0) return GitStatus(code, "move references");
  transaction = nullptr;
  return Settle(moves);
}

// libgit2 has synced the files it wrote and the folders they are in; not the folders it made or
// emptied further up, and it has left the log of a removed reference, where it would be in the way
// of the log of a reference below that name.
absl::Status DirectoryReferences::Settle(std::span<const ReferenceMove> moves) {
  for (const ReferenceMove& move : moves) {
    if (move.expected && !move.target) {
      const int code = git_reflog_delete(git_.get(), move.name.c_str());
      if (code < 0) return GitStatus(code, fmt::format("remove the log of {}", move.name));
    }
    if (move.expected && move.target) continue;
    for (std::string folder = ParentPath(move.name); folder != "."; folder = ParentPath(folder)) {
      const absl::Status synced = PosixFileSystem().SyncDirectory(JoinPath(git_directory_, folder));
      if (!synced.ok() && !absl::IsNotFound(synced)) return synced;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> DirectoryReferences::HeadBranch() const {
  std::lock_guard lock(mutex_);
  git_reference* read = nullptr;
  const int code = git_reference_lookup(&read, git_.get(), kHead);
  if (code < 0) return GitStatus(code, "read HEAD");
  const ReferenceHandle head(read);
  if (git_reference_type(read) != GIT_REFERENCE_SYMBOLIC) return std::nullopt;
  return git_reference_symbolic_target(read);
}

absl::StatusOr<std::optional<ObjectId>> DirectoryReferences::ReadHead() const {
  return ReadAny(kHead);
}

absl::Status DirectoryReferences::SetHeadBranch(std::string_view name) {
  std::lock_guard lock(mutex_);
  MREG_ASSIGN_OR_RETURN(const auto mine, LockRecord::Begin(git_directory_, kHeadLock));
  git_reference* made = nullptr;
  const int code = git_reference_symbolic_create(&made, git_.get(), kHead,
                                                 std::string(name).c_str(), /*force=*/1, nullptr);
  const ReferenceHandle head(made);
  return code == 0 ? absl::OkStatus() : GitStatus(code, fmt::format("point HEAD at {}", name));
}

absl::Status DirectoryReferences::DetachHead(const CommitId& commit) {
  std::lock_guard lock(mutex_);
  MREG_ASSIGN_OR_RETURN(const auto mine, LockRecord::Begin(git_directory_, kHeadLock));
  const git_oid target = ToOid(commit);
  git_reference* made = nullptr;
  const int code = git_reference_create(&made, git_.get(), kHead, &target, /*force=*/1, nullptr);
  const ReferenceHandle head(made);
  return code == 0 ? absl::OkStatus()
                   : GitStatus(code, fmt::format("point HEAD at commit {}", commit.ToHex()));
}

}  // namespace mreg::history
