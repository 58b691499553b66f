// The store of one user on one machine, shared by all their clones: what one clone has fetched,
// no other fetches or keeps again.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/file_system.h"
#include "storage/content/content_store.h"
#include "storage/registry/store_lock.h"

namespace mreg::registry {

// Thread-safe, and several processes may use the same folder at once.
class LocalStore {
 public:
  // Created if absent. What a killed command had fetched or added is taken over. `fs` outlives
  // it.
  static absl::StatusOr<std::unique_ptr<LocalStore>> Open(const std::string& directory,
                                                          FileSystem& fs);
  // The same while no other process has it open, nor can open it: for garbage collection.
  // Unavailable if others keep it busy for some seconds.
  static absl::StatusOr<std::unique_ptr<LocalStore>> OpenAlone(const std::string& directory,
                                                               FileSystem& fs);

  content::ContentStore& content() { return content_; }
  const content::ContentStore& content() const { return content_; }

  // Of one that was opened beside others: until ShareAgain no other process has it open, nor can
  // open it. Another may have had it alone before. Unavailable if others keep it busy for some
  // seconds: it is still open beside them then.
  absl::Status BeAlone() { return lock_.Change(directory_, StoreUse::kAlone); }
  absl::Status ShareAgain() { return lock_.Change(directory_, StoreUse::kShared); }

  // Remembers that there is a clone at `path` (absolute), whose files count as in use.
  absl::Status RegisterClone(const std::string& path);
  absl::StatusOr<std::vector<std::string>> Clones() const;
  absl::Status ForgetClones(std::span<const std::string> paths);

 private:
  LocalStore(std::string directory, StoreLock lock, std::unique_ptr<kv::KeyValueStore> index,
             std::unique_ptr<content::PackStore> packs);
  static absl::StatusOr<std::unique_ptr<LocalStore>> OpenAs(StoreUse use,
                                                            const std::string& directory,
                                                            FileSystem& fs);

  const std::string directory_;
  StoreLock lock_;  // let go last
  const std::unique_ptr<kv::KeyValueStore> index_;
  const std::unique_ptr<content::PackStore> packs_;
  content::ContentStore content_;
};

}  // namespace mreg::registry
