#include "cli/workspace/work_tree.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "cli/workspace/folder_reader.h"
#include "schema/base/display.h"
#include "schema/base/status.h"

namespace mreg::workspace {
namespace {

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

bool IsNoFolder(int error) { return error == ENOTDIR || error == ELOOP; }

absl::Status NoFolder(std::string_view path) {
  return absl::FailedPreconditionError(
      fmt::format("{} is in the way: it is not a folder, or a symbolic link to one, and links "
                  "are not followed",
                  EscapeForDisplay(path)));
}

absl::Status NoRegularFile(std::string_view path) {
  return absl::InvalidArgumentError(
      fmt::format("{} is not a regular file: symbolic links, pipes, sockets and devices cannot "
                  "be kept",
                  EscapeForDisplay(path)));
}

absl::Status Failed(int error, std::string_view action, std::string_view path) {
  return ErrnoStatus(error, fmt::format("{} {}", action, EscapeForDisplay(path)));
}

bool RemoveFolderIfEmpty(int parent, const std::string& name) {
  const auto entries = ReadFolder(parent, name);
  if (!entries.ok()) return false;
  const UniqueFd folder(openat(parent, name.c_str(), kFolderFlags));
  for (const FolderEntry& entry : *entries) {
    if (!S_ISDIR(entry.info.st_mode) || !RemoveFolderIfEmpty(folder.get(), entry.name)) {
      return false;
    }
  }
  return unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0;
}

}  // namespace

std::string_view FolderOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? "" : path.substr(0, slash);
}

std::string NameOf(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

std::string PathIn(std::string_view folder, std::string_view name) {
  return folder.empty() ? std::string(name) : fmt::format("{}/{}", folder, name);
}

bool IsBelow(std::string_view path, std::string_view folder) {
  if (folder.empty()) return !path.empty();
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

absl::StatusOr<std::unique_ptr<WorkTree>> WorkTree::Open(const std::string& root) {
  UniqueFd fd(open(root.c_str(), kFolderFlags));
  if (fd.get() < 0) return Failed(errno, "open", root);
  return std::unique_ptr<WorkTree>(new WorkTree(std::move(fd)));
}

absl::StatusOr<UniqueFd> WorkTree::Walk(std::string_view path, Absent absent) const {
  UniqueFd at(openat(root_.get(), ".", kFolderFlags));
  if (at.get() < 0) return Failed(errno, "open", "the work tree");
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string name(path.substr(begin, end - begin));
    if (absent == Absent::kIsMade && mkdirat(at.get(), name.c_str(), 0777) != 0 &&
        errno != EEXIST) {
      return Failed(errno, "create folder", path.substr(0, end));
    }
    UniqueFd next(openat(at.get(), name.c_str(), kFolderFlags));
    if (next.get() < 0 && IsNoFolder(errno)) return NoFolder(path.substr(0, end));
    if (next.get() < 0) return Failed(errno, "open folder", path.substr(0, end));
    at = std::move(next);
    begin = end + 1;
  }
  return at;
}

absl::StatusOr<UniqueFd> WorkTree::OpenFolder(std::string_view path) const {
  return Walk(path, Absent::kIsNotFound);
}

absl::StatusOr<UniqueFd> WorkTree::MakeFolder(std::string_view path) const {
  return Walk(path, Absent::kIsMade);
}

absl::StatusOr<std::optional<struct stat>> WorkTree::Look(std::string_view path) const {
  const auto folder = OpenFolder(FolderOf(path));
  if (absl::IsNotFound(folder.status()) || absl::IsFailedPrecondition(folder.status())) {
    return std::nullopt;
  }
  if (!folder.ok()) return folder.status();
  struct stat info;
  const std::string name = path.empty() ? "." : NameOf(path);
  if (fstatat(folder->get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) return info;
  if (errno == ENOENT) return std::nullopt;
  return Failed(errno, "look at", path);
}

absl::StatusOr<std::unique_ptr<WorkFile>> WorkTree::OpenFile(std::string_view path) const {
  MREG_ASSIGN_OR_RETURN(const UniqueFd folder, OpenFolder(FolderOf(path)));
  // Without O_NONBLOCK a pipe that took the file's place would be waited for.
  UniqueFd fd(
      openat(folder.get(), NameOf(path).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (fd.get() < 0 && (errno == ELOOP || errno == ENXIO)) return NoRegularFile(path);
  if (fd.get() < 0) return Failed(errno, "open", path);
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return Failed(errno, "look at", path);
  if (!S_ISREG(info.st_mode)) return NoRegularFile(path);
  return std::make_unique<WorkFile>(std::move(fd), std::string(path), info);
}

absl::Status WorkTree::Remove(std::string_view path) const {
  std::string_view folder = FolderOf(path);
  auto opened = OpenFolder(folder);
  if (absl::IsNotFound(opened.status())) return absl::OkStatus();
  if (!opened.ok()) return opened.status();
  if (unlinkat(opened->get(), NameOf(path).c_str(), 0) != 0 && errno != ENOENT) {
    return Failed(errno, "remove", path);
  }
  for (; !folder.empty(); folder = FolderOf(folder)) {
    MREG_ASSIGN_OR_RETURN(const UniqueFd above, OpenFolder(FolderOf(folder)));
    if (unlinkat(above.get(), NameOf(folder).c_str(), AT_REMOVEDIR) != 0) break;
  }
  return absl::OkStatus();
}

void WorkTree::RemoveEmptyFolders(std::string_view path) const {
  const auto above = OpenFolder(FolderOf(path));
  if (above.ok()) RemoveFolderIfEmpty(above->get(), NameOf(path));
}

}  // namespace mreg::workspace
