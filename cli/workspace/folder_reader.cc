#include "cli/workspace/folder_reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>

#include "schema/base/display.h"
#include "schema/base/status.h"
#include "schema/base/unique_fd.h"

namespace mreg::workspace {
namespace {

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};
using FolderHandle = std::unique_ptr<DIR, CloseFolder>;

bool ComesBefore(const FolderEntry& a, const FolderEntry& b) {
  const auto end_of = [](const FolderEntry& e) { return S_ISDIR(e.info.st_mode) ? "/" : ""; };
  const size_t common = std::min(a.name.size(), b.name.size());
  if (const int order = a.name.compare(0, common, b.name, 0, common); order != 0) return order < 0;
  return a.name.substr(common) + end_of(a) < b.name.substr(common) + end_of(b);
}

}  // namespace

absl::StatusOr<std::vector<FolderEntry>> ReadFolder(int parent, const std::string& name) {
  const auto failed = [&](int error) {
    return ErrnoStatus(error, fmt::format("list folder {}", EscapeForDisplay(name)));
  };
  UniqueFd fd(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd.get() < 0) return failed(errno);
  const FolderHandle folder(fdopendir(fd.get()));
  if (folder == nullptr) return failed(errno);
  fd.Release();
  std::vector<FolderEntry> entries;
  for (const dirent* read; errno = 0, (read = readdir(folder.get())) != nullptr;) {
    FolderEntry entry{read->d_name, {}};
    if (entry.name == "." || entry.name == "..") continue;
    if (fstatat(dirfd(folder.get()), read->d_name, &entry.info, AT_SYMLINK_NOFOLLOW) == 0) {
      entries.push_back(std::move(entry));
    } else if (errno != ENOENT) {
      return failed(errno);
    }
  }
  if (errno != 0) return failed(errno);
  std::sort(entries.begin(), entries.end(), ComesBefore);
  return entries;
}

}  // namespace mreg::workspace
