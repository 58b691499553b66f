#include "storage/history/staging_index.h"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <utility>

#include "schema/base/file_system.h"
#include "schema/base/status.h"
#include "storage/history/index_file.h"

namespace mreg::history {
namespace {

// git's id of the empty blob.
constexpr std::string_view kEmptyBlob = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

class GitStagingIndex final : public StagingIndex {
 public:
  GitStagingIndex(std::string path, IndexContent content)
      : path_(std::move(path)),
        checksum_(std::move(content.checksum)),
        written_seconds_(content.written_seconds) {
    for (StagedFile& file : content.files) {
      std::string key = file.entry.path;
      slots_.emplace_hint(slots_.end(), std::move(key), Slot{std::move(file)});
    }
  }

  const std::vector<StagedFile>& files() const override {
    if (!is_listed_) {
      list_.clear();
      list_.reserve(slots_.size());
      for (const auto& [path, slot] : slots_) list_.push_back(slot.file);
      is_listed_ = true;
    }
    return list_;
  }

  const StagedFile* Find(std::string_view path) const override {
    const auto slot = slots_.find(path);
    return slot == slots_.end() ? nullptr : &slot->second.file;
  }

  void Put(StagedFile file) override {
    is_listed_ = false;
    const std::string_view path = file.entry.path;
    for (size_t at = path.find('/'); at != path.npos; at = path.find('/', at + 1)) {
      Remove(path.substr(0, at));
    }
    RemoveBelow(fmt::format("{}/", path));
    std::string key = file.entry.path;
    slots_.insert_or_assign(std::move(key), Slot{std::move(file), /*is_fresh=*/true});
  }

  void Remove(std::string_view path) override {
    is_listed_ = false;
    const auto slot = slots_.find(path);
    if (slot != slots_.end()) slots_.erase(slot);
  }

  void Clear() override {
    is_listed_ = false;
    slots_.clear();
  }

  bool IsUnchanged(const StagedFile& staged, const FileStamp& stamp) const override {
    // Size 0 on anything but the empty file is Save's mark that the stamp proves nothing.
    const bool is_marked = staged.stamp.size == 0 && staged.entry.blob.ToHex() != kEmptyBlob;
    return staged.stamp == stamp && !is_marked && !IsRacy(staged);
  }

  absl::Status Save() override {
    for (auto& [path, slot] : slots_) {
      if (!slot.is_fresh && IsRacy(slot.file)) slot.file.stamp.size = 0;
    }
    is_listed_ = false;
    MREG_ASSIGN_OR_RETURN(IndexContent written, WriteIndexFile(path_, files(), checksum_));
    checksum_ = std::move(written.checksum);
    written_seconds_ = written.written_seconds;
    for (auto& [path, slot] : slots_) slot.is_fresh = false;
    return absl::OkStatus();
  }

 private:
  struct Slot {
    StagedFile file;
    bool is_fresh = false;  // put since the index was last read or written
  };

  void RemoveBelow(const std::string& prefix) {
    const auto first = slots_.lower_bound(prefix);
    auto last = first;
    while (last != slots_.end() && last->first.starts_with(prefix)) ++last;
    slots_.erase(first, last);
  }

  bool IsRacy(const StagedFile& file) const {
    return file.stamp.modified_seconds >= written_seconds_;
  }

  const std::string path_;
  Bytes checksum_;
  int64_t written_seconds_;
  std::map<std::string, Slot, std::less<>> slots_;
  mutable std::vector<StagedFile> list_;  // of slots_, while is_listed_
  mutable bool is_listed_ = false;
};

}  // namespace

FileStamp StampOf(const struct stat& info) {
  return {.modified_seconds = static_cast<uint32_t>(info.st_mtim.tv_sec),
          .modified_nanoseconds = static_cast<uint32_t>(info.st_mtim.tv_nsec),
          .changed_seconds = static_cast<uint32_t>(info.st_ctim.tv_sec),
          .changed_nanoseconds = static_cast<uint32_t>(info.st_ctim.tv_nsec),
          .device = static_cast<uint32_t>(info.st_dev),
          .inode = static_cast<uint32_t>(info.st_ino),
          .user = info.st_uid,
          .group = info.st_gid,
          .size = static_cast<uint32_t>(info.st_size)};
}

absl::StatusOr<std::unique_ptr<StagingIndex>> OpenStagingIndex(const std::string& git_directory) {
  std::string path = JoinPath(git_directory, "index");
  MREG_ASSIGN_OR_RETURN(IndexContent content, ReadIndexFile(path));
  return std::make_unique<GitStagingIndex>(std::move(path), std::move(content));
}

}  // namespace mreg::history
