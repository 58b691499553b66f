// A repository on the tables of a key-value store.
#include <fmt/format.h>

#include <memory>
#include <utility>

#include "schema/base/status.h"
#include "storage/history/git_status.h"
#include "storage/history/reference_rules.h"
#include "storage/history/repository_base.h"
#include "storage/history/stored_objects.h"
#include "storage/history/stored_odb.h"
#include "storage/history/stored_references.h"

namespace mreg::history {
namespace {

class StoredRepository final : public RepositoryBase {
 public:
  StoredRepository(RepositoryHandle git, OdbHandle odb, std::shared_ptr<StoredObjects> objects,
                   kv::KeyValueStore& store, uint64_t id, MoveHook hook)
      : RepositoryBase(std::move(git), std::move(odb)),
        objects_(std::move(objects)),
        references_(store, id, std::move(hook)) {}

  References& references() override { return references_; }
  const References& references() const override { return references_; }

  absl::Status Flush(kv::Batch* batch) override { return objects_->Flush(batch); }

  absl::StatusOr<std::optional<std::string>> HeadBranch() const override {
    return references_.HeadBranch();
  }

  absl::Status SetHeadBranch(std::string_view reference) override {
    MREG_RETURN_IF_ERROR(CheckBranchName(reference));
    return references_.SetHeadBranch(reference);
  }

  absl::Status DetachHead(const CommitId& commit) override {
    return absl::FailedPreconditionError(
        fmt::format("HEAD of a stored repository names a branch; it cannot point at commit {}",
                    commit.ToHex()));
  }

 private:
  absl::Status StoreObject(const ObjectId& id, ObjectType type, ByteView data) override {
    objects_->Add(id, type, data);
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<ObjectId>> ReadHead() const override {
    MREG_ASSIGN_OR_RETURN(const std::string branch, references_.HeadBranch());
    return references_.Read(branch);
  }

  const std::shared_ptr<StoredObjects> objects_;
  StoredReferences references_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Repository>> OpenStored(kv::KeyValueStore& store, uint64_t id,
                                                       MoveHook hook) {
  StartLibgit2();
  auto objects = std::make_shared<StoredObjects>(store, id);
  MREG_ASSIGN_OR_RETURN(OdbHandle odb, MakeOdb(objects));
  git_repository* made = nullptr;
  const int code = git_repository_wrap_odb(&made, odb.get());
  if (code < 0) return GitStatus(code, fmt::format("open stored repository {}", id));
  return std::make_unique<StoredRepository>(RepositoryHandle(made), std::move(odb),
                                            std::move(objects), store, id, std::move(hook));
}

}  // namespace mreg::history
