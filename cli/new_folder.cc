#include "cli/new_folder.h"

#include <fmt/format.h>

#include <utility>

#include "schema/base/status.h"

namespace mreg::cli {

namespace fs = std::filesystem;

absl::StatusOr<NewFolder> NewFolder::Claim(const std::string& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error).lexically_normal();
  if (error) return ErrnoStatus(error.value(), "find the current folder");
  const bool is_free = !fs::exists(fs::symlink_status(absolute, error)) ||
                       (fs::is_directory(absolute, error) && fs::is_empty(absolute, error));
  if (is_free) return NewFolder(absolute);
  return absl::AlreadyExistsError(fmt::format("{} is there already and not empty", path));
}

NewFolder::NewFolder(fs::path path) : path_(std::move(path)), first_made_(path_) {
  // "copy/" is the folder "copy".
  if (!path_.has_filename()) first_made_ = path_ = path_.parent_path();
  std::error_code error;
  existed_ = fs::exists(path_, error);
  while (!existed_ && first_made_.has_relative_path() &&
         !fs::exists(first_made_.parent_path(), error)) {
    first_made_ = first_made_.parent_path();
  }
}

void NewFolder::Remove() const {
  constexpr int kAttempts = 10;
  for (int i = 0; i < kAttempts && !RemoveOnce(); ++i) continue;
}

bool NewFolder::RemoveOnce() const {
  std::error_code error;
  if (!existed_) {
    fs::remove_all(first_made_, error);
    return !error;
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(path_, error)) {
    fs::remove_all(entry.path(), error);
  }
  return fs::is_empty(path_, error);
}

}  // namespace mreg::cli
