// A disk that fails when it is told to, for tests.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "schema/base/file_system.h"

namespace mreg {

// Passes everything on to `base` until a fault is due. Thread-safe.
class FaultyFileSystem final : public FileSystem {
 public:
  explicit FaultyFileSystem(FileSystem& base);

  // The next `operations` writes, syncs, renames and creations succeed, every one after them
  // fails with `error`, until Heal().
  void FailAfter(int operations, absl::Status error);
  // The same for removals too, which a full disk allows: what a process that was killed leaves.
  void DieAfter(int operations);
  void Heal();

  // How many operations that FailAfter counts have been made so far.
  int operations() const { return operations_; }

  // What a power cut leaves: every file created here and not synced since is cut to the length it
  // had at its last sync. To be called once nothing uses the files any more.
  absl::Status DropUnsyncedData();

  absl::StatusOr<std::unique_ptr<ReadableFile>> OpenRead(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status SyncDirectory(const std::string& path) override;
  absl::Status CreateDirectories(const std::string& path) override;
  absl::StatusOr<std::vector<DirectoryEntry>> List(const std::string& path) override;
  absl::StatusOr<bool> Exists(const std::string& path) override;
  absl::StatusOr<TimePoint> ModifiedAt(const std::string& path) override;
  absl::StatusOr<bool> IsBeingWritten(const std::string& path) override;

 private:
  class File;

  absl::Status Step();
  bool CountsRemovals() const;
  void Synced(const std::string& path, uint64_t length);

  FileSystem& base_;
  std::atomic<int> operations_ = 0;
  mutable std::mutex mutex_;
  int fail_at_ = -1;
  bool dies_ = false;
  absl::Status error_;
  std::map<std::string, uint64_t> durable_lengths_;
};

}  // namespace mreg
