// A file of the work tree, opened: what was looked at is what is read.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/file_system.h"
#include "schema/base/unique_fd.h"
#include "storage/history/repository.h"
#include "storage/history/staging_index.h"

namespace mreg::workspace {

// The mode in which a version keeps a file.
history::FileMode ModeOf(const struct stat& info);

// Thread-safe, as ReadableFile asks.
class WorkFile final : public ReadableFile {
 public:
  // `path` is relative to the work tree's root, `info` what fstat says of `fd`.
  WorkFile(UniqueFd fd, std::string path, const struct stat& info)
      : fd_(std::move(fd)), path_(std::move(path)), info_(info) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) const override;
  absl::StatusOr<uint64_t> Size() const override;

  // The whole of it. Aborted if it is larger than it was when it was opened.
  absl::StatusOr<Bytes> ReadAll() const;

  // Aborted if the file was touched since it was opened.
  absl::Status CheckUnchanged() const;

  const std::string& path() const { return path_; }
  // When it was opened.
  uint64_t size() const { return static_cast<uint64_t>(info_.st_size); }
  history::FileStamp stamp() const { return history::StampOf(info_); }
  history::FileMode mode() const { return ModeOf(info_); }

 private:
  const UniqueFd fd_;
  const std::string path_;
  const struct stat info_;
};

}  // namespace mreg::workspace
