// A folder that a command makes, and takes back if it fails.
#pragma once

#include <filesystem>
#include <string>

#include "absl/status/statusor.h"

namespace mreg::cli {

// Claimed before it is made. A value type.
class NewFolder {
 public:
  // AlreadyExists if there is something at `path` other than an empty folder.
  static absl::StatusOr<NewFolder> Claim(const std::string& path);

  std::string path() const { return path_.string(); }  // absolute

  // Removes everything that is there now and was not when it was claimed, parents included. Other
  // threads may still be writing into it.
  void Remove() const;

 private:
  explicit NewFolder(std::filesystem::path path);
  bool RemoveOnce() const;

  std::filesystem::path path_;
  bool existed_ = false;
  std::filesystem::path first_made_;  // if it did not exist: the highest folder to be made
};

}  // namespace mreg::cli
