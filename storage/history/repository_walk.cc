// How commits descend from each other.
#include <fmt/format.h>

#include "schema/base/status.h"
#include "storage/history/git_status.h"
#include "storage/history/repository_base.h"

namespace mreg::history {
namespace {

absl::Status PushAll(git_revwalk* walk, std::span<const CommitId> from) {
  for (const CommitId& id : from) {
    const git_oid oid = ToOid(id);
    const int code = git_revwalk_push(walk, &oid);
    if (code < 0) return GitStatus(code, fmt::format("walk from commit {}", id.ToHex()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RepositoryBase::Walk(std::span<const CommitId> from, std::span<const CommitId> hide,
                                  const std::function<bool(const Commit&)>& visit) const {
  git_revwalk* made = nullptr;
  if (const int code = git_revwalk_new(&made, git()); code < 0) {
    return GitStatus(code, "walk the history");
  }
  const WalkHandle walk(made);
  git_revwalk_sorting(made, GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME);
  MREG_RETURN_IF_ERROR(PushAll(made, from));
  for (const CommitId& id : hide) {
    MREG_ASSIGN_OR_RETURN(const bool is_known, HasObject(mreg::ToObjectId(id)));
    const git_oid oid = ToOid(id);
    const int code = is_known ? git_revwalk_hide(made, &oid) : 0;
    if (code < 0) return GitStatus(code, fmt::format("hide commit {}", id.ToHex()));
  }
  git_oid next;
  int code;
  while ((code = git_revwalk_next(&next, made)) == 0) {
    MREG_ASSIGN_OR_RETURN(const Commit commit, ReadCommit(ToCommitId(next)));
    if (!visit(commit)) return absl::OkStatus();
  }
  return code == GIT_ITEROVER ? absl::OkStatus() : GitStatus(code, "walk the history");
}

absl::StatusOr<std::optional<CommitId>> RepositoryBase::MergeBase(const CommitId& a,
                                                                  const CommitId& b) const {
  MREG_RETURN_IF_ERROR(RequireObject(mreg::ToObjectId(a), ObjectType::kCommit));
  MREG_RETURN_IF_ERROR(RequireObject(mreg::ToObjectId(b), ObjectType::kCommit));
  const git_oid one = ToOid(a);
  const git_oid two = ToOid(b);
  git_oid base;
  const int code = git_merge_base(&base, git(), &one, &two);
  if (code == 0) return ToCommitId(base);
  // The same code says that a commit on the way is missing, with another class.
  if (code == GIT_ENOTFOUND && git_error_last()->klass == GIT_ERROR_MERGE) return std::nullopt;
  return GitStatus(code, fmt::format("find what {} and {} share", a.ToHex(), b.ToHex()));
}

absl::StatusOr<bool> RepositoryBase::IsAncestor(const CommitId& ancestor,
                                                const CommitId& descendant) const {
  MREG_RETURN_IF_ERROR(RequireObject(mreg::ToObjectId(ancestor), ObjectType::kCommit));
  MREG_RETURN_IF_ERROR(RequireObject(mreg::ToObjectId(descendant), ObjectType::kCommit));
  if (ancestor == descendant) return true;
  const git_oid older = ToOid(ancestor);
  const git_oid newer = ToOid(descendant);
  const int code = git_graph_descendant_of(git(), &newer, &older);
  if (code >= 0) return code == 1;
  return GitStatus(
      code, fmt::format("see whether {} descends from {}", descendant.ToHex(), ancestor.ToHex()));
}

}  // namespace mreg::history
