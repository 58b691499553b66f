#include "schema/base/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "schema/base/hex.h"
#include "schema/base/random.h"
#include "schema/base/status.h"

namespace mreg {
namespace {

class PosixReadableFile final : public ReadableFile {
 public:
  PosixReadableFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~PosixReadableFile() override { close(fd_); }

  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) const override {
    size_t filled = 0;
    while (filled < buffer.size()) {
      const ssize_t got = pread(fd_, buffer.data() + filled, buffer.size() - filled,
                                static_cast<off_t>(offset + filled));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return ErrnoStatus(errno, fmt::format("read {}", path_));
      if (got == 0) break;
      filled += static_cast<size_t>(got);
    }
    return filled;
  }

  absl::StatusOr<uint64_t> Size() const override {
    struct stat info;
    if (fstat(fd_, &info) != 0) return ErrnoStatus(errno, fmt::format("stat {}", path_));
    return static_cast<uint64_t>(info.st_size);
  }

 private:
  const int fd_;
  const std::string path_;
};

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~PosixWritableFile() override { close(fd_); }

  absl::Status Write(ByteView data) override {
    while (!data.empty()) {
      const ssize_t written = write(fd_, data.data(), data.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return ErrnoStatus(errno, fmt::format("write {}", path_));
      data.remove_prefix(static_cast<size_t>(written));
    }
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    if (fdatasync(fd_) != 0) return ErrnoStatus(errno, fmt::format("sync {}", path_));
    return absl::OkStatus();
  }

  void StartWriteback() override { sync_file_range(fd_, 0, 0, SYNC_FILE_RANGE_WRITE); }

 private:
  const int fd_;
  const std::string path_;
};

FileType TypeOf(const struct stat& info) {
  if (S_ISREG(info.st_mode)) return FileType::kRegular;
  return S_ISDIR(info.st_mode) ? FileType::kDirectory : FileType::kOther;
}

class Posix final : public FileSystem {
 public:
  absl::StatusOr<std::unique_ptr<ReadableFile>> OpenRead(const std::string& path) override {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return ErrnoStatus(errno, fmt::format("open {}", path));
    return std::make_unique<PosixReadableFile>(fd, path);
  }

  absl::StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) return ErrnoStatus(errno, fmt::format("create {}", path));
    // Nobody else can have it yet. On a file system without locks nothing is ever held.
    flock(fd, LOCK_EX | LOCK_NB);
    return std::make_unique<PosixWritableFile>(fd, path);
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    if (rename(from.c_str(), to.c_str()) != 0) {
      return ErrnoStatus(errno, fmt::format("rename {} to {}", from, to));
    }
    return absl::OkStatus();
  }

  absl::Status Remove(const std::string& path) override {
    if (remove(path.c_str()) != 0) return ErrnoStatus(errno, fmt::format("remove {}", path));
    return absl::OkStatus();
  }

  absl::Status SyncDirectory(const std::string& path) override {
    const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return ErrnoStatus(errno, fmt::format("open {}", path));
    const int failed = fsync(fd);
    const int error = errno;
    close(fd);
    if (failed != 0) return ErrnoStatus(error, fmt::format("sync {}", path));
    return absl::OkStatus();
  }

  absl::Status CreateDirectories(const std::string& path) override {
    struct stat info;
    if (stat(path.c_str(), &info) == 0) {
      if (S_ISDIR(info.st_mode)) return absl::OkStatus();
      return absl::AlreadyExistsError(fmt::format("{} exists and is not a directory", path));
    }
    if (errno != ENOENT) return ErrnoStatus(errno, fmt::format("look at {}", path));
    const std::string parent = ParentPath(path);
    if (parent != path) MREG_RETURN_IF_ERROR(CreateDirectories(parent));
    if (mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) {
      return ErrnoStatus(errno, fmt::format("create directory {}", path));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<DirectoryEntry>> List(const std::string& path) override {
    DIR* const directory = opendir(path.c_str());
    if (directory == nullptr) return ErrnoStatus(errno, fmt::format("list {}", path));
    std::vector<DirectoryEntry> entries;
    while (const dirent* entry = readdir(directory)) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      struct stat info;
      if (fstatat(dirfd(directory), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
      entries.push_back({std::string(name), TypeOf(info)});
    }
    closedir(directory);
    return entries;
  }

  absl::StatusOr<bool> IsBeingWritten(const std::string& path) override {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return ErrnoStatus(errno, fmt::format("open {}", path));
    const bool is_held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd);
    return is_held;
  }

  absl::StatusOr<TimePoint> ModifiedAt(const std::string& path) override {
    struct stat info;
    if (stat(path.c_str(), &info) != 0) return ErrnoStatus(errno, fmt::format("stat {}", path));
    return TimePoint(std::chrono::milliseconds(int64_t{info.st_mtim.tv_sec} * 1'000 +
                                               info.st_mtim.tv_nsec / 1'000'000));
  }

  absl::StatusOr<bool> Exists(const std::string& path) override {
    if (access(path.c_str(), F_OK) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return ErrnoStatus(errno, fmt::format("look at {}", path));
  }
};

}  // namespace

FileSystem& PosixFileSystem() {
  static Posix* const fs = new Posix;
  return *fs;
}

absl::StatusOr<Bytes> ReadSmallFile(FileSystem& fs, const std::string& path, uint64_t limit) {
  MREG_ASSIGN_OR_RETURN(const auto file, fs.OpenRead(path));
  MREG_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  if (size > limit) {
    return absl::ResourceExhaustedError(
        fmt::format("{} has {} bytes, more than the {} expected", path, size, limit));
  }
  Bytes content(size, '\0');
  MREG_ASSIGN_OR_RETURN(const size_t got, file->ReadAt(0, content));
  content.resize(got);
  return content;
}

absl::Status WriteFileAtomically(FileSystem& fs, const std::string& path, ByteView content) {
  const std::string beside = fmt::format("{}.new-{}", path, HexEncode(SecureRandomBytes(6)));
  const auto write = [&]() -> absl::Status {
    MREG_ASSIGN_OR_RETURN(const auto file, fs.Create(beside));
    MREG_RETURN_IF_ERROR(file->Write(content));
    MREG_RETURN_IF_ERROR(file->Sync());
    return fs.Rename(beside, path);
  };
  if (auto status = write(); !status.ok()) {
    fs.Remove(beside).IgnoreError();
    return status;
  }
  return fs.SyncDirectory(ParentPath(path));
}

std::string JoinPath(std::string_view directory, std::string_view name) {
  if (directory.ends_with('/')) return fmt::format("{}{}", directory, name);
  return fmt::format("{}/{}", directory, name);
}

std::string ParentPath(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

}  // namespace mreg
