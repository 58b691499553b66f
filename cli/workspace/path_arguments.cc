#include "cli/workspace/path_arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

#include "cli/workspace/work_tree.h"
#include "schema/base/display.h"
#include "schema/base/file_system.h"
#include "schema/base/status.h"

namespace mreg::workspace {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostListed = 10;

// The part of `path` below `root`; nothing if it is not.
std::optional<std::string> Below(const std::string& root, const fs::path& path) {
  std::string text = path.lexically_normal().string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  if (text == root) return "";
  if (root == "/") return text.substr(1);
  if (!IsBelow(text, root)) return std::nullopt;
  return text.substr(root.size() + 1);
}

// The folder that the path lies in with links resolved, as far as it exists. The last part stays: a
// link is what is named then, not what it leads to.
fs::path WithoutLinksAbove(const fs::path& path) {
  const fs::path normal = path.lexically_normal();
  const fs::path trimmed = normal.has_filename() ? normal : normal.parent_path();
  std::error_code error;
  const fs::path folder = fs::weakly_canonical(trimmed.parent_path(), error);
  return error ? trimmed : folder / trimmed.filename();
}

absl::StatusOr<std::string> Resolve(const std::string& root, const fs::path& from,
                                    const std::string& path) {
  if (path.empty()) return absl::InvalidArgumentError("an empty path names no file");
  if (path.find('\0') != path.npos) {
    return absl::InvalidArgumentError("a path has a zero byte");
  }
  const fs::path whole = from / path;
  auto below = Below(root, whole);
  // The user may have come here, or name things, through a link that leads to the root.
  if (!below) below = Below(root, WithoutLinksAbove(whole));
  if (below) return *std::move(below);
  return absl::InvalidArgumentError(fmt::format("{} is outside of the work tree {}",
                                                EscapeForDisplay(path), EscapeForDisplay(root)));
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ResolveArguments(const std::string& root,
                                                          const std::string& from,
                                                          std::span<const std::string> paths) {
  if (paths.empty()) return absl::InvalidArgumentError("no path was given");
  std::vector<std::string> resolved;
  for (const std::string& path : paths) {
    MREG_ASSIGN_OR_RETURN(std::string one, Resolve(root, fs::path(root) / from, path));
    resolved.push_back(std::move(one));
  }
  std::ranges::sort(resolved);
  resolved.erase(std::unique(resolved.begin(), resolved.end()), resolved.end());
  return resolved;
}

bool Covers(std::string_view argument, std::string_view path) {
  return path == argument || IsBelow(path, argument);
}

bool AnyCovers(std::span<const std::string> arguments, std::string_view path) {
  return std::ranges::any_of(arguments, [&](const auto& a) { return Covers(a, path); });
}

std::string ListForDisplay(std::span<const std::string> paths) {
  std::string text;
  for (size_t i = 0; i < std::min(paths.size(), kMostListed); ++i) {
    text += fmt::format("{}{}", i == 0 ? "" : ", ", EscapeForDisplay(paths[i]));
  }
  if (paths.size() > kMostListed) text += fmt::format(" and {} more", paths.size() - kMostListed);
  return text;
}

}  // namespace mreg::workspace
