// The disk as a dependency, so that tests can make it fail, fill up and lose power.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/byte_stream.h"
#include "schema/base/bytes.h"
#include "schema/base/clock.h"

namespace mreg {

// Thread-safe: reads carry their own offset.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;

  // Fills `buffer` from `offset` and returns how much there was: less than asked for only at the
  // end of the file.
  virtual absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) const = 0;

  virtual absl::StatusOr<uint64_t> Size() const = 0;
};

// A file that is written at any place, in any order. Thread-safe: writes carry their own offset
// too.
class RandomAccessFile : public ReadableFile {
 public:
  // Takes all of `data` or fails. After a failure the file is of no further use.
  virtual absl::Status WriteAt(uint64_t offset, ByteView data) = 0;
};

// A file being written from its start. Not thread-safe, but Sync may run beside Write. Closed by
// its destructor; what was not synced may then be lost with the power.
class WritableFile : public ByteSink {
 public:
  // Everything written before is durable when this returns OK. After a failure nothing is known
  // about the file's content: it must be given up, never synced again.
  virtual absl::Status Sync() = 0;

  // Asks the kernel to begin writing out what was written so far, so that a later Sync has less
  // to wait for. A hint: it never fails.
  virtual void StartWriteback() = 0;
};

enum class FileType { kRegular, kDirectory, kOther };

struct DirectoryEntry {
  std::string name;
  FileType type;
};

// Thread-safe. Paths are used as they are given; errors are as in ErrnoStatus.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual absl::StatusOr<std::unique_ptr<ReadableFile>> OpenRead(const std::string& path) = 0;

  // AlreadyExists if there is a file of that name. Mode 0666 less the umask.
  virtual absl::StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path) = 0;

  // Replaces `to` if it exists. Durable once the directory is synced.
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  virtual absl::Status Remove(const std::string& path) = 0;
  virtual absl::Status SyncDirectory(const std::string& path) = 0;

  // With parents; OK if it is there already.
  virtual absl::Status CreateDirectories(const std::string& path) = 0;

  // In no particular order, without "." and "..".
  virtual absl::StatusOr<std::vector<DirectoryEntry>> List(const std::string& path) = 0;

  virtual absl::StatusOr<bool> Exists(const std::string& path) = 0;

  // When the file's content was last written to, by this machine's clock.
  virtual absl::StatusOr<TimePoint> ModifiedAt(const std::string& path) = 0;

  // True while some process holds the WritableFile that made `path`: the kernel lets go when it
  // dies, however it dies. A file that is still empty may be about to be held.
  virtual absl::StatusOr<bool> IsBeingWritten(const std::string& path) = 0;
};

// The real one. Lives as long as the process.
FileSystem& PosixFileSystem();

// The whole of a small file. ResourceExhausted if it is larger than `limit` bytes.
absl::StatusOr<Bytes> ReadSmallFile(FileSystem& fs, const std::string& path, uint64_t limit);

// Readers see the old content or the new, whole, also after a crash. Writes beside the target and
// renames; durable on return.
absl::Status WriteFileAtomically(FileSystem& fs, const std::string& path, ByteView content);

// `directory`/`name`.
std::string JoinPath(std::string_view directory, std::string_view name);
// The directory part of `path`: "." if it has none.
std::string ParentPath(std::string_view path);

}  // namespace mreg
