#include "storage/history/stored_odb.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "schema/base/status.h"
#include "storage/history/git_status.h"

namespace mreg::history {
namespace {

// libgit2 knows only the first part; its callbacks are C, so nothing may be thrown out of them.
struct Backend {
  git_odb_backend parent;
  std::shared_ptr<const StoredObjects> objects;
};
static_assert(offsetof(Backend, parent) == 0);

const StoredObjects& ObjectsOf(git_odb_backend* backend) {
  return *reinterpret_cast<Backend*>(backend)->objects;
}

int Read(void** data, size_t* size, git_object_t* type, git_odb_backend* backend,
         const git_oid* oid) noexcept {
  auto found = ObjectsOf(backend).Find(ToObjectId(*oid));
  if (!found.ok()) return FailCallback(std::move(found).status());
  if (!*found) return GIT_ENOTFOUND;
  const Bytes& content = (*found)->data;
  *data = git_odb_backend_data_alloc(backend, content.size());
  if (*data == nullptr) return GIT_ERROR;
  std::memcpy(*data, content.data(), content.size());
  *size = content.size();
  *type = static_cast<git_object_t>((*found)->type);
  return GIT_OK;
}

int ReadHeader(size_t* size, git_object_t* type, git_odb_backend* backend,
               const git_oid* oid) noexcept {
  auto found = ObjectsOf(backend).Find(ToObjectId(*oid));
  if (!found.ok()) return FailCallback(std::move(found).status());
  if (!*found) return GIT_ENOTFOUND;
  *size = (*found)->data.size();
  *type = static_cast<git_object_t>((*found)->type);
  return GIT_OK;
}

// A question of yes or no: a failure counts as no, and comes to light when the object is read.
int Exists(git_odb_backend* backend, const git_oid* oid) noexcept {
  const auto found = ObjectsOf(backend).Find(ToObjectId(*oid));
  return found.ok() && *found ? 1 : 0;
}

int ExistsPrefix(git_oid* out, git_odb_backend* backend, const git_oid* oid,
                 size_t digits) noexcept {
  const std::string hex = ToObjectId(*oid).ToHex().substr(0, digits);
  auto found = ObjectsOf(backend).FindByPrefix(hex);
  if (!found.ok()) return FailCallback(std::move(found).status());
  if (found->empty()) return GIT_ENOTFOUND;
  if (found->size() > 1) return GIT_EAMBIGUOUS;
  *out = ToOid(found->front());
  return GIT_OK;
}

void Free(git_odb_backend* backend) noexcept { delete reinterpret_cast<Backend*>(backend); }

}  // namespace

absl::StatusOr<OdbHandle> MakeOdb(std::shared_ptr<const StoredObjects> objects) {
  git_odb* made = nullptr;
  if (const int code = git_odb_new(&made); code < 0) return GitStatus(code, "set up objects");
  OdbHandle odb(made);
  auto backend = std::make_unique<Backend>();
  backend->objects = std::move(objects);
  int code = git_odb_init_backend(&backend->parent, GIT_ODB_BACKEND_VERSION);
  if (code < 0) return GitStatus(code, "set up objects");
  backend->parent.read = Read;
  backend->parent.read_header = ReadHeader;
  backend->parent.exists = Exists;
  backend->parent.exists_prefix = ExistsPrefix;
  backend->parent.free = Free;
  code = git_odb_add_backend(odb.get(), &backend->parent, /*priority=*/1);
  if (code < 0) return GitStatus(code, "set up objects");
  backend.release();  // the object database frees it
  return odb;
}

}  // namespace mreg::history
