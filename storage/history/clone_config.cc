#include "storage/history/clone_config.h"

#include <fmt/format.h>

#include <utility>

#include "schema/base/file_system.h"
#include "schema/base/status.h"
#include "storage/history/git_handle.h"
#include "storage/history/git_status.h"

namespace mreg::history {
namespace {

using ConfigIteratorHandle = GitHandle<git_config_iterator, git_config_iterator_free>;
using ConfigEntryHandle = GitHandle<git_config_entry, git_config_entry_free>;

absl::Status CheckNoZero(std::string_view text, std::string_view what) {
  if (text.find('\0') == text.npos) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("a configuration's {} has a zero byte", what));
}

absl::Status CheckAtMostOneValue(git_config* config, const std::string& key) {
  git_config_iterator* made = nullptr;
  int code = git_config_multivar_iterator_new(&made, config, key.c_str(), nullptr);
  const ConfigIteratorHandle iterator(made);
  git_config_entry* entry = nullptr;
  if (code == 0) code = git_config_next(&entry, iterator.get());
  if (code == 0) code = git_config_next(&entry, iterator.get());
  if (code == GIT_ITEROVER) return absl::OkStatus();
  if (code < 0) return GitStatus(code, fmt::format("read {} of the configuration", key));
  return absl::InvalidArgumentError(
      fmt::format("the configuration has several values of {}: edit the file", key));
}

// "name =" gives "", a bare "name" nothing, which git takes for true.
std::string ValueOf(const git_config_entry& entry) {
  return entry.value != nullptr ? entry.value : "true";
}

class FileConfig final : public CloneConfig {
 public:
  explicit FileConfig(std::string path) : path_(std::move(path)) {}

  absl::StatusOr<std::optional<std::string>> Get(std::string_view key) const override {
    MREG_RETURN_IF_ERROR(CheckNoZero(key, "key"));
    MREG_ASSIGN_OR_RETURN(const ConfigHandle config, Open());
    git_config_entry* found = nullptr;
    const int code = git_config_get_entry(&found, config.get(), std::string(key).c_str());
    const ConfigEntryHandle entry(found);
    if (code == GIT_ENOTFOUND) return std::nullopt;
    if (code < 0) return GitStatus(code, fmt::format("read {} of {}", key, path_));
    return ValueOf(*entry);
  }

  absl::StatusOr<std::vector<ConfigEntry>> List(std::string_view prefix) const override {
    MREG_ASSIGN_OR_RETURN(const ConfigHandle config, Open());
    git_config_iterator* made = nullptr;
    int code = git_config_iterator_new(&made, config.get());
    const ConfigIteratorHandle iterator(made);
    std::vector<ConfigEntry> entries;
    for (git_config_entry* entry; code == 0;) {
      code = git_config_next(&entry, iterator.get());
      if (code != 0 || !std::string_view(entry->name).starts_with(prefix)) continue;
      entries.push_back({entry->name, ValueOf(*entry)});
    }
    if (code != GIT_ITEROVER) return GitStatus(code, fmt::format("list {}", path_));
    return entries;
  }

  absl::Status Set(std::string_view key, std::string_view value) override {
    MREG_RETURN_IF_ERROR(CheckNoZero(value, "value"));
    MREG_ASSIGN_OR_RETURN(const ConfigHandle config, OpenToChange(key));
    const int code =
        git_config_set_string(config.get(), std::string(key).c_str(), std::string(value).c_str());
    if (code < 0) return GitStatus(code, fmt::format("set {} in {}", key, path_));
    return absl::OkStatus();
  }

  absl::Status Unset(std::string_view key) override {
    MREG_ASSIGN_OR_RETURN(const ConfigHandle config, OpenToChange(key));
    const int code = git_config_delete_entry(config.get(), std::string(key).c_str());
    if (code < 0) return GitStatus(code, fmt::format("remove {} from {}", key, path_));
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<ConfigHandle> Open() const {
    StartLibgit2();
    git_config* opened = nullptr;
    const int code = git_config_open_ondisk(&opened, path_.c_str());
    if (code < 0) return GitStatus(code, fmt::format("read {}", path_));
    return ConfigHandle(opened);
  }

  absl::StatusOr<ConfigHandle> OpenToChange(std::string_view key) const {
    MREG_RETURN_IF_ERROR(CheckNoZero(key, "key"));
    MREG_ASSIGN_OR_RETURN(ConfigHandle config, Open());
    MREG_RETURN_IF_ERROR(CheckAtMostOneValue(config.get(), std::string(key)));
    return config;
  }

  const std::string path_;
};

}  // namespace

std::unique_ptr<CloneConfig> OpenCloneConfig(const std::string& git_directory) {
  return std::make_unique<FileConfig>(JoinPath(git_directory, "config"));
}

}  // namespace mreg::history
