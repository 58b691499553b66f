// git's index of a clone: what the next commit will hold, and for each file the times and size it
// had in the work tree when it was added, so that an unchanged file need not be read again.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/history/repository.h"

namespace mreg::history {

// What lstat says of a file, as far as it tells that the file was touched.
struct FileStamp {
  int64_t modified_seconds = 0;
  uint32_t modified_nanoseconds = 0;
  int64_t changed_seconds = 0;
  uint32_t changed_nanoseconds = 0;
  uint32_t device = 0;
  uint32_t inode = 0;
  uint32_t user = 0;
  uint32_t group = 0;
  uint32_t size = 0;  // the low 32 bits, as git keeps it
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

// The one way to make a stamp, so that all who compare them agree on what is cut off. Times are
// kept to 32 bits of seconds, as git keeps them.
FileStamp StampOf(const struct stat& info);

struct StagedFile {
  TreeEntry entry;
  FileStamp stamp;
  bool skip_worktree = false;  // git's bit: not to be in the work tree, and no removal if it is not
};

// One thread at a time. Changes are in memory until Save.
class StagingIndex {
 public:
  virtual ~StagingIndex() = default;

  // Sorted by path as bytes. Valid until the next change; making it again takes time in proportion
  // to its length, every other call the logarithm of it.
  virtual const std::vector<StagedFile>& files() const = 0;
  // Null if there is none. Valid until the file is put or removed.
  virtual const StagedFile* Find(std::string_view path) const = 0;
  // Takes out what `file` cannot be beside: a file of one of its folders' names, or all below its
  // own.
  virtual void Put(StagedFile file) = 0;
  virtual void Remove(std::string_view path) = 0;
  virtual void Clear() = 0;

  // True if `stamp` proves that the work tree's file is the staged one: equal stamps, and the
  // file was not modified in the second in which the index was written, or later (git's racy
  // rule). Never true for a file of a multiple of 4 GiB, whose size git keeps as 0.
  virtual bool IsUnchanged(const StagedFile& staged, const FileStamp& stamp) const = 0;

  // Atomically and durably, in git's format and under git's lock file; Aborted if another process
  // has written the index since it was opened, Unavailable if it holds the lock. A file whose
  // stamp proved nothing and that was not put anew is saved with size 0, which no stamp equals:
  // the index's new time would make its old stamp look like proof.
  virtual absl::Status Save() = 0;
};

// Empty if there is none yet. FailedPrecondition if another program has left conflicts in it.
absl::StatusOr<std::unique_ptr<StagingIndex>> OpenStagingIndex(const std::string& git_directory);

}  // namespace mreg::history
