#include "schema/base/faulty_file_system.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "schema/base/status.h"

namespace mreg {

class FaultyFileSystem::File final : public WritableFile {
 public:
  File(FaultyFileSystem& owner, std::string path, std::unique_ptr<WritableFile> file)
      : owner_(owner), path_(std::move(path)), file_(std::move(file)) {}

  absl::Status Write(ByteView data) override {
    MREG_RETURN_IF_ERROR(owner_.Step());
    length_ += data.size();
    return file_->Write(data);
  }

  absl::Status Sync() override {
    MREG_RETURN_IF_ERROR(owner_.Step());
    MREG_RETURN_IF_ERROR(file_->Sync());
    owner_.Synced(path_, length_);
    return absl::OkStatus();
  }

  void StartWriteback() override { file_->StartWriteback(); }

 private:
  FaultyFileSystem& owner_;
  const std::string path_;
  const std::unique_ptr<WritableFile> file_;
  uint64_t length_ = 0;
};

FaultyFileSystem::FaultyFileSystem(FileSystem& base) : base_(base) {}

void FaultyFileSystem::FailAfter(int operations, absl::Status error) {
  std::lock_guard lock(mutex_);
  fail_at_ = operations_ + operations;
  error_ = std::move(error);
}

void FaultyFileSystem::DieAfter(int operations) {
  FailAfter(operations, absl::InternalError("died"));
  std::lock_guard lock(mutex_);
  dies_ = true;
}

void FaultyFileSystem::Heal() {
  std::lock_guard lock(mutex_);
  fail_at_ = -1;
  dies_ = false;
}

bool FaultyFileSystem::CountsRemovals() const {
  std::lock_guard lock(mutex_);
  return dies_;
}

absl::Status FaultyFileSystem::Step() {
  std::lock_guard lock(mutex_);
  const int operation = operations_++;
  return fail_at_ >= 0 && operation >= fail_at_ ? error_ : absl::OkStatus();
}

void FaultyFileSystem::Synced(const std::string& path, uint64_t length) {
  std::lock_guard lock(mutex_);
  durable_lengths_[path] = length;
}

absl::Status FaultyFileSystem::DropUnsyncedData() {
  std::lock_guard lock(mutex_);
  for (const auto& [path, length] : durable_lengths_) {
    if (truncate(path.c_str(), static_cast<off_t>(length)) != 0 && errno != ENOENT) {
      return ErrnoStatus(errno, fmt::format("truncate {}", path));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<ReadableFile>> FaultyFileSystem::OpenRead(const std::string& path) {
  return base_.OpenRead(path);
}

absl::StatusOr<std::unique_ptr<WritableFile>> FaultyFileSystem::Create(const std::string& path) {
  MREG_RETURN_IF_ERROR(Step());
  MREG_ASSIGN_OR_RETURN(auto file, base_.Create(path));
  Synced(path, 0);
  return std::make_unique<File>(*this, path, std::move(file));
}

absl::Status FaultyFileSystem::Rename(const std::string& from, const std::string& to) {
  MREG_RETURN_IF_ERROR(Step());
  MREG_RETURN_IF_ERROR(base_.Rename(from, to));
  std::lock_guard lock(mutex_);
  if (auto node = durable_lengths_.extract(from)) {
    durable_lengths_.erase(to);
    node.key() = to;
    durable_lengths_.insert(std::move(node));
  }
  return absl::OkStatus();
}

absl::Status FaultyFileSystem::Remove(const std::string& path) {
  if (CountsRemovals()) MREG_RETURN_IF_ERROR(Step());
  return base_.Remove(path);
}

absl::Status FaultyFileSystem::SyncDirectory(const std::string& path) {
  MREG_RETURN_IF_ERROR(Step());
  return base_.SyncDirectory(path);
}

absl::Status FaultyFileSystem::CreateDirectories(const std::string& path) {
  return base_.CreateDirectories(path);
}

absl::StatusOr<std::vector<DirectoryEntry>> FaultyFileSystem::List(const std::string& path) {
  return base_.List(path);
}

absl::StatusOr<bool> FaultyFileSystem::Exists(const std::string& path) {
  return base_.Exists(path);
}

absl::StatusOr<TimePoint> FaultyFileSystem::ModifiedAt(const std::string& path) {
  return base_.ModifiedAt(path);
}

absl::StatusOr<bool> FaultyFileSystem::IsBeingWritten(const std::string& path) {
  return base_.IsBeingWritten(path);
}

}  // namespace mreg
