#include "storage/history/reference_rules.h"

#include <fmt/format.h>
#include <git2.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "schema/base/status.h"
#include "storage/history/git_status.h"

namespace mreg::history {
namespace {

constexpr std::string_view kRoot = "refs/";
// What a file system takes for a name, less ".lock"; and for a path, less the folder it is in.
constexpr size_t kLongestPart = 250;
constexpr size_t kLongestName = 1024;

bool HasLongPart(std::string_view name) {
  for (size_t begin = 0; begin < name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    if (end - begin > kLongestPart) return true;
    begin = end + 1;
  }
  return false;
}

// "refs/a" and "refs/a/b" for "refs/a/b/c".
std::vector<std::string_view> FoldersOf(std::string_view name) {
  std::vector<std::string_view> folders;
  for (size_t slash = name.find('/', kRoot.size()); slash != std::string_view::npos;
       slash = name.find('/', slash + 1)) {
    folders.push_back(name.substr(0, slash));
  }
  return folders;
}

absl::Status CannotBeBoth(std::string_view name, std::string_view other) {
  return absl::FailedPreconditionError(fmt::format(
      "{} cannot be created beside {}: one would be a folder of the other", name, other));
}

absl::Status CheckFoldersOf(const References& references, std::string_view name,
                            const std::set<std::string_view>& created) {
  for (const std::string_view folder : FoldersOf(name)) {
    if (created.contains(folder)) return CannotBeBoth(name, folder);
    MREG_ASSIGN_OR_RETURN(const auto target, references.Read(folder));
    if (target) return CannotBeBoth(name, folder);
  }
  MREG_ASSIGN_OR_RETURN(const auto below, references.List(fmt::format("{}/", name)));
  return below.empty() ? absl::OkStatus() : CannotBeBoth(name, below.front().name);
}

}  // namespace

bool IsValidReferenceName(std::string_view name) {
  if (!name.starts_with(kRoot) || name.size() > kLongestName || HasLongPart(name)) return false;
  if (name.find('\0') != std::string_view::npos) return false;
  // git's own folders, which it makes again whenever they are missing.
  if (name == "refs/heads" || name == "refs/tags" || name == "refs/remotes") return false;
  StartLibgit2();
  int valid = 0;
  return git_reference_name_is_valid(&valid, std::string(name).c_str()) == 0 && valid != 0;
}

bool Creates(const ReferenceMove& move) { return !move.expected && move.target; }

absl::Status CheckBranchName(std::string_view name) {
  if (name.starts_with("refs/heads/") && IsValidReferenceName(name)) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("'{}' is not a branch's name", name));
}

absl::Status CheckNames(std::span<const ReferenceMove> moves) {
  std::set<std::string_view> names;
  for (const ReferenceMove& move : moves) {
    if (!IsValidReferenceName(move.name)) {
      return absl::InvalidArgumentError(fmt::format("'{}' is not a reference's name", move.name));
    }
    if (!names.insert(move.name).second) {
      return absl::InvalidArgumentError(fmt::format("{} is moved twice at once", move.name));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckExpected(const References& references, std::span<const ReferenceMove> moves) {
  for (const ReferenceMove& move : moves) {
    MREG_ASSIGN_OR_RETURN(const auto target, references.Read(move.name));
    if (target == move.expected) continue;
    return absl::AbortedError(fmt::format("{} is at {}, not at {}", move.name,
                                          target ? target->ToHex() : "no object",
                                          move.expected ? move.expected->ToHex() : "no object"));
  }
  return absl::OkStatus();
}

absl::Status CheckFolders(const References& references, std::span<const ReferenceMove> moves) {
  std::set<std::string_view> created;
  for (const ReferenceMove& move : moves) {
    if (Creates(move)) created.insert(move.name);
  }
  for (const std::string_view name : created) {
    MREG_RETURN_IF_ERROR(CheckFoldersOf(references, name, created));
  }
  return absl::OkStatus();
}

}  // namespace mreg::history
