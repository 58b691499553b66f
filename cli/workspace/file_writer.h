// Writes files of a version into the work tree, each whole or not at all. Internal to
// cli/workspace.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/workspace/clone.h"
#include "cli/workspace/version_file.h"
#include "storage/history/repository.h"
#include "storage/history/staging_index.h"

namespace mreg::workspace {

// What a file may replace. Anything else that is found in its place makes the writing Aborted:
// somebody was faster.
struct Nothing {};
struct Anything {};  // but a folder that is not empty
using Replaced = std::variant<Nothing, history::FileStamp, Anything>;

class FileWriter {
 public:
  // Clears away what killed commands left behind; so the caller holds the clone's lock.
  static absl::StatusOr<FileWriter> Open(Clone& clone);

  // Writes the file beside, then renames it into place. `progress` is called with bytes done.
  // The file's stamp, to be staged. Durable with Sync. Aborted as above; NotFound if the store
  // lacks it, DataLoss if what it has is not the file.
  absl::StatusOr<history::FileStamp> Write(const history::TreeEntry& entry,
                                           const Replaced& replaced,
                                           const std::function<void(uint64_t)>& progress);

  // Everything written or removed in the work tree so far is durable on return.
  absl::Status Sync();

 private:
  FileWriter(Clone& clone, UniqueFd folder) : clone_(clone), folder_(std::move(folder)) {}

  UniqueFd LinkFetched(const history::TreeEntry& entry, const VersionContent& content,
                       const std::string& name);
  absl::Status WriteContent(const history::TreeEntry& entry, const VersionContent& content, int fd,
                            const std::function<void(uint64_t)>& progress);
  absl::Status MoveIntoPlace(const std::string& name, const std::string& path,
                             const Replaced& replaced);

  Clone& clone_;
  UniqueFd folder_;  // of files that are being written
};

}  // namespace mreg::workspace
