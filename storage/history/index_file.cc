#include "storage/history/index_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "schema/base/file_system.h"
#include "schema/base/status.h"
#include "storage/history/git_handle.h"
#include "storage/history/git_status.h"
#include "storage/history/tree_path.h"

namespace mreg::history {
namespace {

constexpr size_t kChecksumBytes = 20;

// git's own lock: the file's existence, for as long as this object lives.
class IndexLock {
 public:
  static absl::StatusOr<IndexLock> Take(const std::string& index_path) {
    std::string path = index_path + ".lock";
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0 && errno == EEXIST) {
      return absl::UnavailableError(
          fmt::format("another process is writing the index; if it has crashed, remove {}", path));
    }
    if (fd < 0) return ErrnoStatus(errno, fmt::format("create {}", path));
    close(fd);
    return IndexLock(std::move(path));
  }

  IndexLock(IndexLock&& other) noexcept : path_(std::exchange(other.path_, "")) {}
  IndexLock& operator=(IndexLock&&) = delete;
  ~IndexLock() {
    if (!path_.empty()) unlink(path_.c_str());
  }

 private:
  explicit IndexLock(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

absl::StatusOr<IndexHandle> OpenIndex(const std::string& path) {
  StartLibgit2();
  git_index* opened = nullptr;
  const int code = git_index_open(&opened, path.c_str());
  if (code < 0) return GitStatus(code, fmt::format("read index {}", path));
  return IndexHandle(opened);
}

// 0 if there is no file.
absl::StatusOr<int64_t> WrittenSeconds(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) == 0) return StampOf(info).modified_seconds;
  if (errno == ENOENT) return 0;
  return ErrnoStatus(errno, fmt::format("look at {}", path));
}

// The file ends in the hash of all before; empty if there is no file.
absl::StatusOr<Bytes> ReadChecksum(const std::string& path) {
  const auto file = PosixFileSystem().OpenRead(path);
  if (absl::IsNotFound(file.status())) return Bytes();
  if (!file.ok()) return file.status();
  MREG_ASSIGN_OR_RETURN(const uint64_t size, (*file)->Size());
  if (size < kChecksumBytes) return absl::DataLossError(fmt::format("index {} is cut off", path));
  Bytes checksum(kChecksumBytes, '\0');
  MREG_RETURN_IF_ERROR((*file)->ReadAt(size - kChecksumBytes, checksum).status());
  return checksum;
}

StagedFile ToStagedFile(const git_index_entry& entry) {
  StagedFile file;
  file.entry = {entry.path, NormalMode(entry.mode), ToObjectId(entry.id)};
  file.stamp = {.modified_seconds = static_cast<uint32_t>(entry.mtime.seconds),
                .modified_nanoseconds = entry.mtime.nanoseconds,
                .changed_seconds = static_cast<uint32_t>(entry.ctime.seconds),
                .changed_nanoseconds = entry.ctime.nanoseconds,
                .device = entry.dev,
                .inode = entry.ino,
                .user = entry.uid,
                .group = entry.gid,
                .size = entry.file_size};
  file.skip_worktree = (entry.flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE) != 0;
  return file;
}

git_index_entry ToIndexEntry(const StagedFile& file) {
  git_index_entry entry = {};
  entry.mtime = {static_cast<int32_t>(file.stamp.modified_seconds),
                 file.stamp.modified_nanoseconds};
  entry.ctime = {static_cast<int32_t>(file.stamp.changed_seconds), file.stamp.changed_nanoseconds};
  entry.dev = file.stamp.device;
  entry.ino = file.stamp.inode;
  entry.mode = static_cast<uint32_t>(file.entry.mode);
  entry.uid = file.stamp.user;
  entry.gid = file.stamp.group;
  entry.file_size = file.stamp.size;
  entry.id = ToOid(file.entry.blob);
  entry.path = file.entry.path.c_str();
  if (file.skip_worktree) entry.flags_extended = GIT_INDEX_ENTRY_SKIP_WORKTREE;
  return entry;
}

absl::Status Fill(git_index* index, const std::vector<StagedFile>& files) {
  for (const StagedFile& file : files) {
    MREG_RETURN_IF_ERROR(CheckPath(file.entry.path));
    const git_index_entry entry = ToIndexEntry(file);
    const int code = git_index_add(index, &entry);
    if (code < 0) return GitStatus(code, fmt::format("stage {}", file.entry.path));
  }
  return absl::OkStatus();
}

absl::Status SyncFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, fmt::format("open {}", path));
  const int failed = fsync(fd);
  const int error = errno;
  close(fd);
  return failed == 0 ? absl::OkStatus() : ErrnoStatus(error, fmt::format("sync {}", path));
}

// libgit2 replaces the file that it writes, under a lock of its own; it writes one beside, since
// it would not look at the checksum between taking the lock and writing.
absl::Status Replace(const std::string& path, const std::vector<StagedFile>& files) {
  const std::string beside = path + ".mreg-new";
  for (const std::string& left_by_a_crash : {beside, beside + ".lock"}) {
    const absl::Status removed = PosixFileSystem().Remove(left_by_a_crash);
    if (!removed.ok() && !absl::IsNotFound(removed)) return removed;
  }
  MREG_ASSIGN_OR_RETURN(const IndexHandle index, OpenIndex(beside));
  MREG_RETURN_IF_ERROR(Fill(index.get(), files));
  const int code = git_index_write(index.get());
  if (code < 0) return GitStatus(code, fmt::format("write index {}", beside));
  MREG_RETURN_IF_ERROR(SyncFile(beside));
  MREG_RETURN_IF_ERROR(PosixFileSystem().Rename(beside, path));
  return PosixFileSystem().SyncDirectory(ParentPath(path));
}

}  // namespace

absl::StatusOr<IndexContent> ReadIndexFile(const std::string& path) {
  IndexContent content;
  // The time first: if the file is replaced in between, it is older than what is read, and then
  // stamps prove less than they could.
  MREG_ASSIGN_OR_RETURN(content.written_seconds, WrittenSeconds(path));
  MREG_ASSIGN_OR_RETURN(const IndexHandle index, OpenIndex(path));
  const size_t count = git_index_entrycount(index.get());
  content.files.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const git_index_entry* const entry = git_index_get_byindex(index.get(), i);
    if (git_index_entry_stage(entry) != 0) {
      return absl::FailedPreconditionError(
          fmt::format("index {} has a conflict at {}", path, entry->path));
    }
    content.files.push_back(ToStagedFile(*entry));
  }
  const git_oid* const checksum = git_index_checksum(index.get());
  if (content.written_seconds != 0 || count != 0) content.checksum = ToObjectId(*checksum).bytes();
  return content;
}

absl::StatusOr<IndexContent> WriteIndexFile(const std::string& path,
                                            const std::vector<StagedFile>& files,
                                            const Bytes& expected_checksum) {
  MREG_ASSIGN_OR_RETURN(const IndexLock lock, IndexLock::Take(path));
  MREG_ASSIGN_OR_RETURN(const Bytes current, ReadChecksum(path));
  if (current != expected_checksum) {
    return absl::AbortedError(fmt::format("another process has written index {} meanwhile", path));
  }
  MREG_RETURN_IF_ERROR(Replace(path, files));
  IndexContent written;
  MREG_ASSIGN_OR_RETURN(written.checksum, ReadChecksum(path));
  MREG_ASSIGN_OR_RETURN(written.written_seconds, WrittenSeconds(path));
  return written;
}

}  // namespace mreg::history
