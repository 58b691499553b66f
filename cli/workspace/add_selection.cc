#include "cli/workspace/add_selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "cli/workspace/path_arguments.h"
#include "cli/workspace/tree_walk.h"
#include "schema/base/display.h"
#include "schema/base/status.h"
#include "storage/registry/path_rules.h"

namespace mreg::workspace {
namespace {

using history::StagedFile;

bool HasStagedBelow(const history::StagingIndex& index, std::string_view folder) {
  const std::string prefix = folder.empty() ? "" : fmt::format("{}/", folder);
  const auto& files = index.files();
  const auto first = std::ranges::lower_bound(
      files, prefix, {},
      [](const StagedFile& file) -> const std::string& { return file.entry.path; });
  return first != files.end() && first->entry.path.starts_with(prefix);
}

class Selector final : public TreeVisitor {
 public:
  Selector(const WorkTree& tree, const history::StagingIndex& index) : tree_(tree), index_(index) {}

  absl::Status Add(const std::string& argument) {
    if (!argument.empty()) MREG_RETURN_IF_ERROR(registry::CheckPath(argument));
    MREG_RETURN_IF_ERROR(CheckFolderAbove(argument));
    MREG_ASSIGN_OR_RETURN(const auto info, tree_.Look(argument));
    const bool is_staged = index_.Find(argument) != nullptr || HasStagedBelow(index_, argument);
    if (!info) return is_staged ? absl::OkStatus() : MatchesNothing(argument);
    const bool is_folder = S_ISDIR(info->st_mode);
    MREG_ASSIGN_OR_RETURN(const IgnoreState rules, IgnoreStateOf(tree_, FolderOf(argument)));
    if (!is_staged && !argument.empty() && rules.IsIgnored(argument, is_folder)) {
      return Ignored(argument);
    }
    if (is_folder) return WalkFolder(tree_, argument, *this);
    return Meet({argument, *info, rules}).status();
  }

  bool Enter(const WalkedEntry& folder) override {
    return !folder.IsIgnored() || HasStagedBelow(index_, folder.path);
  }

  absl::StatusOr<Next> Meet(const WalkedEntry& file) override {
    const StagedFile* const staged = index_.Find(file.path);
    if (staged == nullptr && file.IsIgnored()) return Next::kGoOn;
    MREG_RETURN_IF_ERROR(registry::CheckPath(file.path));
    if (!S_ISREG(file.info.st_mode)) return NoRegularFile(file.path);
    met_.emplace(file.path);
    const bool is_unchanged = staged != nullptr && staged->entry.mode == ModeOf(file.info) &&
                              index_.IsUnchanged(*staged, history::StampOf(file.info));
    if (!is_unchanged) changed_.emplace(file.path);
    return Next::kGoOn;
  }

  Selection Finish(std::span<const std::string> arguments) const {
    Selection selection;
    selection.changed.assign(changed_.begin(), changed_.end());
    for (const StagedFile& file : index_.files()) {
      const std::string& path = file.entry.path;
      const bool is_gone =
          !file.skip_worktree && AnyCovers(arguments, path) && !met_.contains(path);
      if (is_gone || IsNowFolder(path)) selection.removed.push_back(path);
    }
    return selection;
  }

 private:
  // A path behind a link would be found by others, but not be checked out again.
  absl::Status CheckFolderAbove(const std::string& path) const {
    const absl::Status opened = tree_.OpenFolder(FolderOf(path)).status();
    if (!absl::IsFailedPrecondition(opened)) return absl::OkStatus();
    return absl::InvalidArgumentError(
        fmt::format("{}: {}", EscapeForDisplay(path), MessageOf(opened)));
  }

  // Whether a file that is to be added lies below `path`.
  bool IsNowFolder(const std::string& path) const {
    const auto first = changed_.lower_bound(path + "/");
    return first != changed_.end() && IsBelow(*first, path);
  }

  static absl::Status MatchesNothing(std::string_view path) {
    return absl::NotFoundError(fmt::format("{} matches no file", EscapeForDisplay(path)));
  }

  static absl::Status Ignored(std::string_view path) {
    return absl::InvalidArgumentError(
        fmt::format("{} is ignored by a rule in {}: change the rule to add it",
                    EscapeForDisplay(path), kIgnoreFile));
  }

  static absl::Status NoRegularFile(std::string_view path) {
    return absl::InvalidArgumentError(
        fmt::format("{}: symbolic links, pipes, sockets and devices cannot be kept; "
                    "name it in {} to leave it out",
                    EscapeForDisplay(path), kIgnoreFile));
  }

  const WorkTree& tree_;
  const history::StagingIndex& index_;
  std::set<std::string, std::less<>> met_;
  std::set<std::string, std::less<>> changed_;
};

// The version that the selection would make, as far as its paths go.
absl::Status CheckPathsTogether(const history::StagingIndex& index, const Selection& selection) {
  std::set<std::string_view> paths(selection.changed.begin(), selection.changed.end());
  for (const StagedFile& file : index.files()) {
    if (!std::ranges::binary_search(selection.removed, file.entry.path)) {
      paths.insert(file.entry.path);
    }
  }
  std::vector<history::TreeEntry> entries;
  entries.reserve(paths.size());
  for (const std::string_view path : paths) {
    entries.push_back({std::string(path), history::FileMode::kRegular, {}});
  }
  return registry::CheckFiles(entries);
}

}  // namespace

absl::StatusOr<Selection> SelectFiles(const WorkTree& tree, const history::StagingIndex& index,
                                      std::span<const std::string> arguments) {
  Selector selector(tree, index);
  for (const std::string& argument : arguments) MREG_RETURN_IF_ERROR(selector.Add(argument));
  Selection selection = selector.Finish(arguments);
  MREG_RETURN_IF_ERROR(CheckPathsTogether(index, selection));
  return selection;
}

}  // namespace mreg::workspace
