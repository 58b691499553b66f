// From what a person says to a commit.
#include <fmt/format.h>

#include <algorithm>

#include "schema/base/status.h"
#include "storage/history/git_status.h"
#include "storage/history/repository_base.h"
#include "storage/history/revision.h"

namespace mreg::history {
namespace {

constexpr size_t kShortestAbbreviation = 4;  // digits
constexpr size_t kIdDigits = 2 * ObjectId::kBytes;

bool IsHex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

absl::Status NoSuchRevision(std::string_view name) {
  return absl::NotFoundError(fmt::format("no branch, tag or commit is named '{}'", name));
}

}  // namespace

// In git's order: a full id, HEAD, a full name, a tag, a branch, a remote branch, an abbreviation.
absl::StatusOr<ObjectId> RepositoryBase::FindByName(std::string_view name) const {
  if (name.size() == kIdDigits && IsHex(name)) return ObjectId::FromHex(name);
  if (name == "HEAD") {
    MREG_ASSIGN_OR_RETURN(const auto head, ReadHead());
    return head ? absl::StatusOr<ObjectId>(*head) : absl::NotFoundError("HEAD has no commit yet");
  }
  for (const std::string_view folder : {"", "refs/tags/", "refs/heads/", "refs/remotes/"}) {
    MREG_ASSIGN_OR_RETURN(const auto target, references().Read(fmt::format("{}{}", folder, name)));
    if (target) return *target;
  }
  const bool may_be_abbreviation =
      name.size() >= kShortestAbbreviation && name.size() < kIdDigits && IsHex(name);
  return may_be_abbreviation ? FindByPrefix(name) : NoSuchRevision(name);
}

absl::StatusOr<ObjectId> RepositoryBase::FindByPrefix(std::string_view digits) const {
  git_oid prefix;
  int code = git_oid_fromstrn(&prefix, digits.data(), digits.size());
  git_oid found;
  if (code == 0) code = git_odb_exists_prefix(&found, odb(), &prefix, digits.size());
  if (code == 0) return ToObjectId(found);
  if (code == GIT_ENOTFOUND) return NoSuchRevision(digits);
  if (code == GIT_EAMBIGUOUS) {
    return absl::InvalidArgumentError(
        fmt::format("the id of several objects begins with {}", digits));
  }
  return GitStatus(code, fmt::format("find object {}", digits));
}

absl::StatusOr<std::vector<TypedId>> RepositoryBase::TagChain(const ObjectId& object) const {
  std::vector<TypedId> chain;
  for (ObjectId id = object;;) {
    MREG_ASSIGN_OR_RETURN(const ObjectType type, TypeOf(id));
    chain.push_back({id, type});
    if (type != ObjectType::kTag) return chain;
    MREG_ASSIGN_OR_RETURN(const AnnotatedTag tag, ReadTag(id));
    id = tag.target;
  }
}

absl::StatusOr<CommitId> RepositoryBase::Peel(const ObjectId& object) const {
  MREG_ASSIGN_OR_RETURN(const auto chain, TagChain(object));
  if (chain.back().type == ObjectType::kCommit) return ToCommitId(ToOid(chain.back().id));
  return absl::InvalidArgumentError(fmt::format("object {} leads to no commit", object.ToHex()));
}

absl::StatusOr<CommitId> RepositoryBase::ParentOf(const CommitId& commit, uint64_t number) const {
  if (number == 0) return commit;
  MREG_ASSIGN_OR_RETURN(const Commit read, ReadCommit(commit));
  if (number <= read.parents.size()) return read.parents[number - 1];
  return absl::NotFoundError(
      fmt::format("commit {} has {} parents", commit.ToShortHex(), read.parents.size()));
}

absl::StatusOr<CommitId> RepositoryBase::Resolve(std::string_view revision) const {
  MREG_ASSIGN_OR_RETURN(const Revision parsed, ParseRevision(revision));
  MREG_ASSIGN_OR_RETURN(const ObjectId base, FindByName(parsed.base));
  auto commit = Peel(base);
  for (const RevisionStep& step : parsed.steps) {
    // "~0" and "^0" stay; every other step goes up, so that a huge N ends at the first commit.
    for (uint64_t i = 0; commit.ok() && i < step.times && step.parent != 0; ++i) {
      commit = ParentOf(*commit, step.parent);
    }
  }
  if (!commit.ok()) return Annotate(commit.status(), fmt::format("'{}'", revision));
  return commit;
}

}  // namespace mreg::history
