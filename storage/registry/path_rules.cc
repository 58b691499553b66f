#include "storage/registry/path_rules.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "schema/base/display.h"
#include "schema/base/status.h"

namespace mreg::registry {
namespace {

constexpr size_t kMaxPath = 4'096;
constexpr size_t kMaxPart = 255;

struct Free {
  void operator()(utf8proc_uint8_t* text) const { std::free(text); }
};

absl::Status Refused(std::string_view path, std::string_view why) {
  return absl::InvalidArgumentError(
      fmt::format("the path {} cannot be kept: {}", EscapeForDisplay(path), why));
}

// What Windows makes of a name's end: "nul. " opens the device NUL.
std::string_view WithoutTrailingDotsAndSpaces(std::string_view part) {
  while (part.ends_with('.') || part.ends_with(' ')) part.remove_suffix(1);
  return part;
}

// The folders that hold history, and NTFS's short name for .git.
bool IsReservedFolder(std::string_view folded) {
  const std::string_view name = WithoutTrailingDotsAndSpaces(folded);
  return name == ".git" || name == ".mreg" || name == "git~1" || name == "mreg~1";
}

bool IsDeviceName(std::string_view folded) {
  static constexpr std::array<std::string_view, 6> kDevices = {"con", "prn",    "aux",
                                                               "nul", "conin$", "conout$"};
  const std::string_view stem = WithoutTrailingDotsAndSpaces(folded.substr(0, folded.find('.')));
  if (std::find(kDevices.begin(), kDevices.end(), stem) != kDevices.end()) return true;
  return stem.size() == 4 && (stem.starts_with("com") || stem.starts_with("lpt")) &&
         stem[3] >= '1' && stem[3] <= '9';
}

bool IsForbiddenCharacter(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f ||
         std::string_view("\\:*?\"<>|").find(c) != std::string_view::npos;
}

absl::Status CheckPart(std::string_view path, std::string_view part) {
  if (part.empty()) return Refused(path, "it has an empty part");
  if (part == "." || part == "..") return Refused(path, "it has a part that is . or ..");
  if (part.size() > kMaxPart) return Refused(path, "it has a part of over 255 bytes");
  if (part.ends_with('.') || part.ends_with(' ')) {
    return Refused(path, "it has a part that ends in a dot or space, which Windows drops");
  }
  if (std::any_of(part.begin(), part.end(), IsForbiddenCharacter)) {
    return Refused(path, "it has a character that not every system allows in names");
  }
  const std::string folded = FoldPath(part);
  if (folded.empty()) return Refused(path, "it is not UTF-8, or has only invisible characters");
  if (IsReservedFolder(folded)) return Refused(path, "it names a folder of git or mreg itself");
  if (IsDeviceName(folded)) return Refused(path, "it names a device on Windows");
  return absl::OkStatus();
}

}  // namespace

std::string FoldPath(std::string_view path) {
  utf8proc_uint8_t* raw = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(path.data()),
                   static_cast<utf8proc_ssize_t>(path.size()), &raw,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE |
                                                  UTF8PROC_CASEFOLD | UTF8PROC_IGNORE));
  const std::unique_ptr<utf8proc_uint8_t, Free> folded(raw);
  if (length < 0) return "";
  return std::string(reinterpret_cast<const char*>(folded.get()), static_cast<size_t>(length));
}

absl::Status CheckPath(std::string_view path) {
  if (path.empty()) return Refused(path, "it is empty");
  if (path.size() > kMaxPath) return Refused(path.substr(0, 80), "it has over 4,096 bytes");
  if (path.front() == '/') return Refused(path, "it is absolute");
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    MREG_RETURN_IF_ERROR(CheckPart(path, path.substr(begin, end - begin)));
    begin = end + 1;
  }
  return absl::OkStatus();
}

absl::Status CheckFiles(std::span<const history::TreeEntry> files) {
  // Folded paths of files and of all their folders, with the spelling that was seen first.
  absl::flat_hash_map<std::string, std::string> spelled;
  absl::flat_hash_map<std::string, bool> is_file;
  for (const history::TreeEntry& file : files) {
    MREG_RETURN_IF_ERROR(CheckPath(file.path));
    if (file.mode != history::FileMode::kRegular && file.mode != history::FileMode::kExecutable) {
      return Refused(file.path, "it is a symbolic link or submodule, not a file");
    }
    for (size_t end = file.path.find('/');; end = file.path.find('/', end + 1)) {
      const std::string part = file.path.substr(0, end);
      const bool is_whole = end == std::string::npos;
      const std::string folded = FoldPath(part);
      const auto [seen, is_new] = spelled.try_emplace(folded, part);
      if (is_new) {
        is_file[folded] = is_whole;
      } else if (seen->second != part || is_whole || is_file[folded]) {
        return Refused(file.path,
                       fmt::format("some systems take it for {}", EscapeForDisplay(seen->second)));
      }
      if (is_whole) break;
    }
  }
  return absl::OkStatus();
}

std::string PathBeside(std::string_view path, std::string_view location) {
  const size_t slash = path.rfind('/');
  std::string resolved(slash == path.npos ? "" : path.substr(0, slash + 1));
  while (!location.empty()) {
    const std::string_view part = location.substr(0, location.find('/'));
    location.remove_prefix(std::min(location.size(), part.size() + 1));
    if (part == ".") continue;
    resolved += part;
    if (!location.empty()) resolved += '/';
  }
  return resolved;
}

}  // namespace mreg::registry
