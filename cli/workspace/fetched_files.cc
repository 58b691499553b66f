#include "cli/workspace/fetched_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "cli/workspace/fd_io.h"
#include "schema/base/status.h"

namespace mreg::workspace {
namespace {

// So that the checkout's sync has less to wait for.
constexpr uint64_t kWritebackStep = 16 << 20;
// A process may have some 1,000 open.
constexpr size_t kMaxOpenFiles = 128;
constexpr char kWhat[] = "a file that is being fetched";

// As much again may go to the store, without which the files that are open are worth nothing.
bool HasRoom(int folder, uint64_t bytes) {
  struct statvfs info;
  if (fstatvfs(folder, &info) != 0) return false;
  return bytes / info.f_frsize < info.f_bavail / 2;
}

}  // namespace

class FetchedFiles::Output final : public RandomAccessFile {
 public:
  Output(UniqueFd fd, uint64_t size, FetchedFiles& owner)
      : fd_(std::move(fd)), size_(size), owner_(owner) {
    owner_.open_bytes_ += size_;
    ++owner_.open_files_;
  }
  ~Output() override {
    owner_.open_bytes_ -= size_;
    --owner_.open_files_;
  }

  absl::Status WriteAt(uint64_t offset, ByteView data) override {
    const uint64_t before = written_.fetch_add(data.size());
    const absl::Status status = workspace::WriteAt(fd_.get(), kWhat, offset, data);
    if (!status.ok()) {
      // The disk may be full, and this file is given up: others need the space now.
      if (ftruncate(fd_.get(), 0) != 0) return ErrnoStatus(errno, fmt::format("cut {}", kWhat));
      return status;
    }
    if (before / kWritebackStep != written_ / kWritebackStep) {
      sync_file_range(fd_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) const override {
    return workspace::ReadAt(fd_.get(), kWhat, offset, buffer);
  }

  absl::StatusOr<uint64_t> Size() const override {
    struct stat info;
    if (fstat(fd_.get(), &info) != 0) return ErrnoStatus(errno, fmt::format("look at {}", kWhat));
    return static_cast<uint64_t>(info.st_size);
  }

  UniqueFd Release() { return std::move(fd_); }

 private:
  UniqueFd fd_;
  const uint64_t size_;  // bytes, once it is whole
  FetchedFiles& owner_;
  std::atomic<uint64_t> written_ = 0;  // bytes
};

FetchedFiles::FetchedFiles(const WorkTree& tree, std::string folder)
    : tree_(tree), folder_(std::move(folder)) {}
FetchedFiles::~FetchedFiles() = default;

std::unique_ptr<RandomAccessFile> FetchedFiles::Open(const ArtifactId&, uint64_t size) {
  if (open_files_ == kMaxOpenFiles || size > UINT64_MAX - open_bytes_) return nullptr;
  const auto folder = tree_.MakeFolder(folder_);
  if (!folder.ok() || !HasRoom(folder->get(), open_bytes_ + size)) return nullptr;
  UniqueFd fd(openat(folder->get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666));
  return fd.get() < 0 ? nullptr : std::make_unique<Output>(std::move(fd), size, *this);
}

void FetchedFiles::Accept(const ArtifactId& artifact, std::unique_ptr<RandomAccessFile> file) {
  files_[artifact].reset(static_cast<Output*>(file.release()));
}

UniqueFd FetchedFiles::Take(const ArtifactId& artifact) {
  const auto found = files_.find(artifact);
  if (found == files_.end()) return UniqueFd();
  UniqueFd fd = found->second->Release();
  files_.erase(found);
  return fd;
}

}  // namespace mreg::workspace
