#include "cli/workspace/file_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "cli/workspace/fd_io.h"
#include "cli/workspace/folder_reader.h"
#include "cli/workspace/version_file.h"
#include "schema/base/display.h"
#include "schema/base/hex.h"
#include "schema/base/random.h"
#include "schema/base/status.h"

namespace mreg::workspace {
namespace {

absl::Status Failed(int error, std::string_view action, std::string_view path) {
  return ErrnoStatus(error, fmt::format("{} {}", action, EscapeForDisplay(path)));
}

absl::Status SomebodyWasFaster(std::string_view path) {
  return absl::AbortedError(
      fmt::format("{} changed while files were being written: look at it, "
                  "then run the command again",
                  EscapeForDisplay(path)));
}

class FdSink final : public ByteSink {
 public:
  FdSink(int fd, std::string_view path) : fd_(fd), path_(path) {}
  absl::Status Write(ByteView data) override {
    const uint64_t offset = std::exchange(written_, written_ + data.size());
    return status_ = WriteAt(fd_, path_, offset, data);
  }
  // Of the last Write; it names the path.
  const absl::Status& status() const { return status_; }

 private:
  const int fd_;
  const std::string_view path_;
  uint64_t written_ = 0;  // bytes
  absl::Status status_;
};

// A file system that cannot refuse to replace is asked first.
int RenameToNothing(int from, const std::string& name, int to, const std::string& new_name) {
  const int failed = renameat2(from, name.c_str(), to, new_name.c_str(), RENAME_NOREPLACE);
  if (failed == 0 || (errno != EINVAL && errno != ENOSYS)) return failed;
  struct stat info;
  if (fstatat(to, new_name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
    errno = EEXIST;
    return -1;
  }
  return renameat(from, name.c_str(), to, new_name.c_str());
}

bool IsStill(int folder, const std::string& name, const history::FileStamp& stamp) {
  struct stat info;
  return fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode) &&
         history::StampOf(info) == stamp;
}

}  // namespace

absl::StatusOr<FileWriter> FileWriter::Open(Clone& clone) {
  MREG_ASSIGN_OR_RETURN(UniqueFd folder, clone.tree().MakeFolder(kTemporaryFolder));
  MREG_ASSIGN_OR_RETURN(const auto left_behind, ReadFolder(folder.get(), "."));
  for (const FolderEntry& entry : left_behind) unlinkat(folder.get(), entry.name.c_str(), 0);
  return FileWriter(clone, std::move(folder));
}

absl::StatusOr<history::FileStamp> FileWriter::Write(
    const history::TreeEntry& entry, const Replaced& replaced,
    const std::function<void(uint64_t)>& progress) {
  const std::string name = HexEncode(SecureRandomBytes(8));
  MREG_ASSIGN_OR_RETURN(const VersionContent content, ReadContent(clone_.history(), entry));
  UniqueFd fd = LinkFetched(entry, content, name);
  absl::Status status;
  if (fd.get() < 0) {
    const mode_t mode = entry.mode == history::FileMode::kExecutable ? 0777 : 0666;
    fd = UniqueFd(openat(folder_.get(), name.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (fd.get() < 0) return Failed(errno, "create a file for", entry.path);
    status = WriteContent(entry, content, fd.get(), progress);
  } else if (progress) {
    progress(content.size());
  }
  if (status.ok()) status = MoveIntoPlace(name, entry.path, replaced);
  if (!status.ok()) {
    unlinkat(folder_.get(), name.c_str(), 0);
    return status;
  }
  // After the rename, which changes the file's times too.
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return Failed(errno, "look at", entry.path);
  return history::StampOf(info);
}

// Gives the file that was put together when it was fetched its name; less than 0 if there is none,
// or the file system does not let it have one.
UniqueFd FileWriter::LinkFetched(const history::TreeEntry& entry, const VersionContent& content,
                                 const std::string& name) {
  if (!content.artifact) return UniqueFd();
  UniqueFd fd = clone_.fetched().Take(content.artifact->artifact);
  if (fd.get() < 0) return fd;
  struct stat info;
  if (entry.mode == history::FileMode::kExecutable) {
    // Whoever may read it may run it, as the umask had it.
    if (fstat(fd.get(), &info) != 0) return UniqueFd();
    if (fchmod(fd.get(), info.st_mode | (info.st_mode & 0444) >> 2) != 0) return UniqueFd();
  }
  const std::string path = fmt::format("/proc/self/fd/{}", fd.get());
  const int failed = linkat(AT_FDCWD, path.c_str(), folder_.get(), name.c_str(), AT_SYMLINK_FOLLOW);
  return failed == 0 ? std::move(fd) : UniqueFd();
}

absl::Status FileWriter::WriteContent(const history::TreeEntry& entry,
                                      const VersionContent& content, int fd,
                                      const std::function<void(uint64_t)>& progress) {
  FdSink sink(fd, entry.path);
  if (!content.artifact) {
    MREG_RETURN_IF_ERROR(sink.Write(content.text));
    if (progress) progress(content.text.size());
    return absl::OkStatus();
  }
  MREG_ASSIGN_OR_RETURN(registry::LocalStore* const store, clone_.Store());
  MREG_ASSIGN_OR_RETURN(const auto recipe, store->content().FindRecipe(content.artifact->artifact));
  if (!recipe) {
    return absl::NotFoundError(
        fmt::format("the store lacks the file {}", EscapeForDisplay(entry.path)));
  }
  const absl::Status status = store->content().CopyVerified(*recipe, sink, progress);
  if (!sink.status().ok()) return sink.status();
  return Annotate(status, fmt::format("write {}", EscapeForDisplay(entry.path)));
}

absl::Status FileWriter::MoveIntoPlace(const std::string& name, const std::string& path,
                                       const Replaced& replaced) {
  clone_.tree().RemoveEmptyFolders(path);
  MREG_ASSIGN_OR_RETURN(const UniqueFd to, clone_.tree().MakeFolder(FolderOf(path)));
  const std::string new_name = NameOf(path);
  int failed = 0;
  if (std::holds_alternative<Nothing>(replaced)) {
    failed = RenameToNothing(folder_.get(), name, to.get(), new_name);
    if (failed != 0 && errno == EEXIST) return SomebodyWasFaster(path);
  } else {
    const auto* const stamp = std::get_if<history::FileStamp>(&replaced);
    if (stamp != nullptr && !IsStill(to.get(), new_name, *stamp)) return SomebodyWasFaster(path);
    failed = renameat(folder_.get(), name.c_str(), to.get(), new_name.c_str());
  }
  return failed == 0 ? absl::OkStatus() : Failed(errno, "put in place", path);
}

absl::Status FileWriter::Sync() {
  if (syncfs(clone_.tree().root_fd()) != 0) return Failed(errno, "sync", clone_.root());
  return absl::OkStatus();
}

}  // namespace mreg::workspace
