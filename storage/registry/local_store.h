// The store of one user on one machine, shared by all their clones: what one clone has fetched,
// no other fetches or keeps again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/file_system.h"
#include "storage/content/content_store.h"

namespace mreg::registry {

// Thread-safe, and several processes may use the same folder at once.
class LocalStore {
 public:
  // Created if absent. What a killed command had fetched or added is taken over. `fs` outlives
  // it.
  static absl::StatusOr<std::unique_ptr<LocalStore>> Open(const std::string& directory,
                                                          FileSystem& fs);

  content::ContentStore& content() { return content_; }

  // Remembers that there is a clone at `path` (absolute), whose files count as in use.
  absl::Status RegisterClone(const std::string& path);
  absl::StatusOr<std::vector<std::string>> Clones() const;

 private:
  LocalStore(std::unique_ptr<kv::KeyValueStore> index, std::unique_ptr<content::PackStore> packs);

  const std::unique_ptr<kv::KeyValueStore> index_;
  const std::unique_ptr<content::PackStore> packs_;
  content::ContentStore content_;
};

}  // namespace mreg::registry
