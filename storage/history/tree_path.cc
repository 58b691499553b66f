#include "storage/history/tree_path.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "schema/base/status.h"

namespace mreg::history {
namespace {

char LowerCase(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, {}, LowerCase);
}

}  // namespace

absl::Status CheckPathPart(std::string_view name) {
  const bool is_bad = name.empty() || name == "." || name == ".." ||
                      name.find('/') != std::string_view::npos ||
                      name.find('\0') != std::string_view::npos ||
                      EqualsIgnoringCase(name, ".git") || EqualsIgnoringCase(name, ".mreg");
  if (!is_bad) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("'{}' cannot be a file's or folder's name", name));
}

absl::Status CheckPath(std::string_view path) {
  if (path.size() > kLongestPath || std::ranges::count(path, '/') >= kDeepestTree) {
    return absl::InvalidArgumentError(
        fmt::format("'{}...' is longer than {} bytes or lies deeper than {} folders",
                    path.substr(0, 100), kLongestPath, kDeepestTree));
  }
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    MREG_RETURN_IF_ERROR(
        Annotate(CheckPathPart(path.substr(begin, end - begin)), fmt::format("path '{}'", path)));
    begin = end + 1;
  }
  return absl::OkStatus();
}

FileMode NormalMode(uint32_t raw) {
  switch (raw & S_IFMT) {
    case S_IFREG:
      return (raw & S_IXUSR) != 0 ? FileMode::kExecutable : FileMode::kRegular;
    case S_IFLNK:
      return FileMode::kSymbolicLink;
    case static_cast<uint32_t>(FileMode::kSubmodule):
      return FileMode::kSubmodule;
    default:
      return static_cast<FileMode>(raw);
  }
}

bool IsFolder(uint32_t raw) { return (raw & S_IFMT) == S_IFDIR; }

bool IsKnown(FileMode mode) {
  return mode == FileMode::kRegular || mode == FileMode::kExecutable ||
         mode == FileMode::kSymbolicLink || mode == FileMode::kSubmodule;
}

}  // namespace mreg::history
