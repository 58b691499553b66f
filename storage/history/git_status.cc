#include "storage/history/git_status.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "schema/base/status.h"

namespace mreg::history {
namespace {

thread_local absl::Status callback_failure;

int StartOnce() {
  const int result = git_libgit2_init();
  for (const int level : {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
                          GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL}) {
    git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
  }
  git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1);
  git_libgit2_opts(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, 1);
  return result;
}

// libgit2's clean-up after a failed system call leaves errno as that call set it.
absl::StatusCode CodeOfSystemError() {
  switch (errno) {
    case ENOSPC:
    case EDQUOT:
      return absl::StatusCode::kResourceExhausted;
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::StatusCode::kPermissionDenied;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::StatusCode CodeOfClass(int error_class) {
  switch (error_class) {
    case GIT_ERROR_OS:
      return CodeOfSystemError();
    case GIT_ERROR_NOMEMORY:
      return absl::StatusCode::kResourceExhausted;
    case GIT_ERROR_ODB:
    case GIT_ERROR_ZLIB:
    case GIT_ERROR_OBJECT:
    case GIT_ERROR_TREE:
    case GIT_ERROR_TAG:
    case GIT_ERROR_REFERENCE:
    case GIT_ERROR_INDEX:
    case GIT_ERROR_CONFIG:
    case GIT_ERROR_REPOSITORY:
      return absl::StatusCode::kDataLoss;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::StatusCode CodeOf(int code, int error_class) {
  switch (code) {
    case GIT_ENOTFOUND:
      return absl::StatusCode::kNotFound;
    case GIT_EEXISTS:
      return absl::StatusCode::kAlreadyExists;
    case GIT_EAMBIGUOUS:
    case GIT_EINVALIDSPEC:
      return absl::StatusCode::kInvalidArgument;
    case GIT_ELOCKED:
      return absl::StatusCode::kUnavailable;
    case GIT_EMISMATCH:
      return absl::StatusCode::kDataLoss;
    case GIT_EOWNER:
      return absl::StatusCode::kPermissionDenied;
    default:
      return CodeOfClass(error_class);
  }
}

// libgit2 names the lock file, and leaves room for a system error that is not there.
std::string ReasonOfLock(std::string_view reason) {
  while (reason.ends_with(' ') || reason.ends_with(':')) reason.remove_suffix(1);
  return fmt::format("{}; if the command that holds it has crashed, remove it", reason);
}

}  // namespace

void StartLibgit2() { [[maybe_unused]] static const int started = StartOnce(); }

absl::Status GitStatus(int code, std::string_view action) {
  if (code == GIT_EUSER && !callback_failure.ok()) {
    return Annotate(std::exchange(callback_failure, absl::OkStatus()),
                    fmt::format("cannot {}", action));
  }
  const git_error* const error = git_error_last();
  std::string reason = error != nullptr ? error->message : "unknown reason";
  if (code == GIT_ELOCKED) reason = ReasonOfLock(reason);
  return absl::Status(CodeOf(code, error != nullptr ? error->klass : GIT_ERROR_NONE),
                      fmt::format("cannot {}: {}", action, reason));
}

int FailCallback(absl::Status status) {
  callback_failure = std::move(status);
  return GIT_EUSER;
}

git_oid ToOid(const ObjectId& id) {
  git_oid oid;
  std::memcpy(oid.id, id.bytes().data(), sizeof(oid.id));
  return oid;
}

git_oid ToOid(const CommitId& id) { return ToOid(mreg::ToObjectId(id)); }

ObjectId ToObjectId(const git_oid& oid) {
  return *ObjectId::FromBytes({reinterpret_cast<const char*>(oid.id), sizeof(oid.id)});
}

CommitId ToCommitId(const git_oid& oid) {
  return *CommitId::FromBytes({reinterpret_cast<const char*>(oid.id), sizeof(oid.id)});
}

}  // namespace mreg::history
