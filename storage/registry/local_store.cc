#include "storage/registry/local_store.h"

#include <utility>

#include "schema/base/status.h"
#include "storage/kv/sqlite_store.h"

namespace mreg::registry {

absl::StatusOr<std::unique_ptr<LocalStore>> LocalStore::Open(const std::string& directory,
                                                             FileSystem& fs) {
  return OpenAs(StoreUse::kShared, directory, fs);
}

absl::StatusOr<std::unique_ptr<LocalStore>> LocalStore::OpenAlone(const std::string& directory,
                                                                  FileSystem& fs) {
  return OpenAs(StoreUse::kAlone, directory, fs);
}

absl::StatusOr<std::unique_ptr<LocalStore>> LocalStore::OpenAs(StoreUse use,
                                                               const std::string& directory,
                                                               FileSystem& fs) {
  MREG_RETURN_IF_ERROR(fs.CreateDirectories(directory));
  MREG_ASSIGN_OR_RETURN(StoreLock lock, StoreLock::Take(directory, use));
  MREG_ASSIGN_OR_RETURN(auto index, kv::OpenSqlite(JoinPath(directory, "index.sqlite")));
  MREG_ASSIGN_OR_RETURN(auto packs, content::OpenPackFolder(fs, directory));
  std::unique_ptr<LocalStore> store(
      new LocalStore(directory, std::move(lock), std::move(index), std::move(packs)));
  MREG_RETURN_IF_ERROR(store->content_.RecoverUploads(nullptr).status());
  return store;
}

LocalStore::LocalStore(std::string directory, StoreLock lock,
                       std::unique_ptr<kv::KeyValueStore> index,
                       std::unique_ptr<content::PackStore> packs)
    : directory_(std::move(directory)),
      lock_(std::move(lock)),
      index_(std::move(index)),
      packs_(std::move(packs)),
      content_(*index_, *packs_) {}

absl::Status LocalStore::RegisterClone(const std::string& path) {
  kv::Batch batch;
  batch.Put(kv::Table::kClones, path, "");
  return index_->Commit(batch);
}

absl::StatusOr<std::vector<std::string>> LocalStore::Clones() const {
  std::vector<std::string> paths;
  MREG_RETURN_IF_ERROR(index_->Scan(kv::Table::kClones, "", "", [&](ByteView path, ByteView) {
    paths.emplace_back(path);
    return true;
  }));
  return paths;
}

absl::Status LocalStore::ForgetClones(std::span<const std::string> paths) {
  if (paths.empty()) return absl::OkStatus();
  kv::Batch batch;
  for (const std::string& path : paths) batch.Remove(kv::Table::kClones, path);
  return index_->Commit(batch);
}

}  // namespace mreg::registry
