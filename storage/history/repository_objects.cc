// Raw objects, commits and tags.
#include <fmt/format.h>

#include <utility>

#include "schema/base/status.h"
#include "storage/history/git_status.h"
#include "storage/history/object_format.h"
#include "storage/history/repository_base.h"

namespace mreg::history {
namespace {

static_assert(static_cast<int>(ObjectType::kCommit) == GIT_OBJECT_COMMIT);
static_assert(static_cast<int>(ObjectType::kTree) == GIT_OBJECT_TREE);
static_assert(static_cast<int>(ObjectType::kBlob) == GIT_OBJECT_BLOB);
static_assert(static_cast<int>(ObjectType::kTag) == GIT_OBJECT_TAG);

git_object_t GitType(ObjectType type) { return static_cast<git_object_t>(type); }

Signature ToSignature(const git_signature* who) {
  if (who == nullptr) return {};  // tags of git's first years name no tagger
  return {who->name, who->email, who->when.time, who->when.offset};
}

// libgit2 does not take a null pointer for an empty buffer.
const char* DataOf(ByteView data) { return data.empty() ? "" : data.data(); }

absl::Status CheckContent(ObjectType type, ByteView data) {
  int valid = 0;
  const int code = git_object_rawcontent_is_valid(&valid, DataOf(data), data.size(), GitType(type));
  if (code == 0 && valid != 0) return absl::OkStatus();
  const git_error* const error = git_error_last();
  return absl::InvalidArgumentError(fmt::format("these {} bytes are not a {}: {}", data.size(),
                                                ObjectTypeName(type),
                                                error != nullptr ? error->message : "malformed"));
}

}  // namespace

RepositoryBase::RepositoryBase(RepositoryHandle git, OdbHandle odb)
    : git_(std::move(git)), odb_(std::move(odb)) {}

absl::StatusOr<RawObject> RepositoryBase::ReadObject(const ObjectId& id) const {
  const git_oid oid = ToOid(id);
  git_odb_object* read = nullptr;
  const int code = git_odb_read(&read, odb(), &oid);
  if (code < 0) return GitStatus(code, fmt::format("read object {}", id.ToHex()));
  const OdbObjectHandle object(read);
  return RawObject{
      static_cast<ObjectType>(git_odb_object_type(read)),
      Bytes(static_cast<const char*>(git_odb_object_data(read)), git_odb_object_size(read))};
}

absl::StatusOr<ObjectType> RepositoryBase::TypeOf(const ObjectId& id) const {
  const git_oid oid = ToOid(id);
  size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  const int code = git_odb_read_header(&size, &type, odb(), &oid);
  if (code < 0) return GitStatus(code, fmt::format("look up object {}", id.ToHex()));
  return static_cast<ObjectType>(type);
}

absl::StatusOr<bool> RepositoryBase::HasObject(const ObjectId& id) const {
  const auto type = TypeOf(id);
  if (absl::IsNotFound(type.status())) return false;
  if (!type.ok()) return type.status();
  return true;
}

absl::Status RepositoryBase::RequireObject(const ObjectId& id, ObjectType type) const {
  MREG_ASSIGN_OR_RETURN(const ObjectType actual, TypeOf(id));
  if (actual == type) return absl::OkStatus();
  return absl::NotFoundError(fmt::format("object {} is a {}, not a {}", id.ToHex(),
                                         ObjectTypeName(actual), ObjectTypeName(type)));
}

absl::StatusOr<ObjectId> RepositoryBase::WriteObject(ObjectType type, ByteView data) {
  MREG_RETURN_IF_ERROR(CheckContent(type, data));
  git_oid oid;
  const int code = git_odb_hash(&oid, DataOf(data), data.size(), GitType(type));
  if (code < 0) return GitStatus(code, "hash an object");
  const ObjectId id = ToObjectId(oid);
  // Reading, not just looking: an object that a power cut left damaged is written again.
  const absl::Status present = ReadObject(id).status();
  if (present.ok()) return id;
  if (!absl::IsNotFound(present) && !absl::IsDataLoss(present)) return present;
  MREG_RETURN_IF_ERROR(StoreObject(id, type, data));
  if (absl::IsDataLoss(present)) MREG_RETURN_IF_ERROR(ReadObject(id).status());
  return id;
}

absl::StatusOr<Commit> RepositoryBase::ReadCommit(const CommitId& id) const {
  const git_oid oid = ToOid(id);
  git_commit* read = nullptr;
  const int code = git_commit_lookup(&read, git(), &oid);
  if (code < 0) return GitStatus(code, fmt::format("read commit {}", id.ToHex()));
  const CommitHandle handle(read);
  Commit commit{.id = id,
                .tree = ToObjectId(*git_commit_tree_id(read)),
                .parents = {},
                .author = ToSignature(git_commit_author(read)),
                .committer = ToSignature(git_commit_committer(read)),
                .message = git_commit_message_raw(read)};
  for (unsigned i = 0; i < git_commit_parentcount(read); ++i) {
    commit.parents.push_back(ToCommitId(*git_commit_parent_id(read, i)));
  }
  return commit;
}

absl::StatusOr<CommitId> RepositoryBase::WriteCommit(const Commit& draft) {
  MREG_RETURN_IF_ERROR(RequireObject(draft.tree, ObjectType::kTree));
  for (const CommitId& parent : draft.parents) {
    MREG_RETURN_IF_ERROR(RequireObject(mreg::ToObjectId(parent), ObjectType::kCommit));
  }
  MREG_ASSIGN_OR_RETURN(const Bytes data, FormatCommit(draft));
  MREG_ASSIGN_OR_RETURN(const ObjectId id, WriteObject(ObjectType::kCommit, data));
  return ToCommitId(ToOid(id));
}

absl::StatusOr<ObjectId> RepositoryBase::WriteTag(const AnnotatedTag& tag) {
  MREG_ASSIGN_OR_RETURN(const ObjectType type, TypeOf(tag.target));
  MREG_ASSIGN_OR_RETURN(const Bytes data, FormatTag(tag, type));
  return WriteObject(ObjectType::kTag, data);
}

absl::StatusOr<AnnotatedTag> RepositoryBase::ReadTag(const ObjectId& id) const {
  const git_oid oid = ToOid(id);
  git_tag* read = nullptr;
  const int code = git_tag_lookup(&read, git(), &oid);
  if (code < 0) return GitStatus(code, fmt::format("read tag {}", id.ToHex()));
  const TagHandle handle(read);
  const char* const message = git_tag_message(read);
  return AnnotatedTag{ToObjectId(*git_tag_target_id(read)), git_tag_name(read),
                      ToSignature(git_tag_tagger(read)), message != nullptr ? message : ""};
}

}  // namespace mreg::history
