#include "cli/workspace/tree_walk.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cli/workspace/folder_reader.h"
#include "schema/base/display.h"
#include "schema/base/status.h"

namespace mreg::workspace {
namespace {

// Each level holds a descriptor and a frame of the stack.
constexpr int kDeepest = 100;
constexpr uint64_t kMaxIgnoreBytes = 1 << 20;

bool IsKeptOut(std::string_view name) { return name == ".git" || name == ".mreg"; }

absl::StatusOr<std::optional<IgnoreRules>> ReadRules(const WorkTree& tree,
                                                     std::string_view folder) {
  const std::string path = PathIn(folder, kIgnoreFile);
  const auto file = tree.OpenFile(path);
  // A link or a folder of that name has no rules.
  if (absl::IsNotFound(file.status()) || absl::IsInvalidArgument(file.status())) {
    return std::nullopt;
  }
  if (!file.ok()) return file.status();
  if ((*file)->size() > kMaxIgnoreBytes) {
    return absl::ResourceExhaustedError(
        fmt::format("{} is larger than 1 MiB", EscapeForDisplay(path)));
  }
  MREG_ASSIGN_OR_RETURN(const Bytes text, (*file)->ReadAll());
  return IgnoreRules(text);
}

bool HasIgnoreFile(const std::vector<FolderEntry>& entries) {
  return std::ranges::any_of(entries, [](const auto& e) { return e.name == kIgnoreFile; });
}

class Walker {
 public:
  Walker(const WorkTree& tree, TreeVisitor& visitor) : tree_(tree), visitor_(visitor) {}

  // `rules` are those in `folder`, its own file's included.
  absl::Status Walk(int parent, const std::string& name, std::string_view folder,
                    const IgnoreState& rules, int depth) {
    if (depth > kDeepest) return TooDeep(folder);
    auto entries = ReadFolder(parent, name);
    // It went, or something else came in its place, while the walk was on its way.
    if (absl::IsNotFound(entries.status())) return absl::OkStatus();
    if (!entries.ok()) return entries.status();
    const UniqueFd here(
        openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    IgnoreState inner = rules;
    if (depth > 0) MREG_RETURN_IF_ERROR(AddRules(folder, *entries, inner));
    for (const FolderEntry& entry : *entries) {
      if (IsKeptOut(entry.name)) continue;
      const std::string path = PathIn(folder, entry.name);
      MREG_ASSIGN_OR_RETURN(const auto next, Visit(here.get(), entry, path, inner, depth));
      if (next == TreeVisitor::Next::kLeaveFolder) break;
    }
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<TreeVisitor::Next> Visit(int here, const FolderEntry& entry,
                                          const std::string& path, const IgnoreState& rules,
                                          int depth) {
    const WalkedEntry met{path, entry.info, rules};
    if (!S_ISDIR(entry.info.st_mode)) return visitor_.Meet(met);
    if (visitor_.Enter(met)) {
      const IgnoreState below{rules.scope, met.IsIgnored()};
      MREG_RETURN_IF_ERROR(Walk(here, entry.name, path, below, depth + 1));
    }
    return TreeVisitor::Next::kGoOn;
  }

  absl::Status AddRules(std::string_view folder, const std::vector<FolderEntry>& entries,
                        IgnoreState& state) {
    if (!HasIgnoreFile(entries)) return absl::OkStatus();
    MREG_ASSIGN_OR_RETURN(auto own, ReadRules(tree_, folder));
    state.scope = std::make_shared<IgnoreScope>(state.scope, folder, std::move(own));
    return absl::OkStatus();
  }

  static absl::Status TooDeep(std::string_view folder) {
    return absl::FailedPreconditionError(
        fmt::format("folders nest deeper than {} at {}", kDeepest, EscapeForDisplay(folder)));
  }

  const WorkTree& tree_;
  TreeVisitor& visitor_;
};

}  // namespace

absl::StatusOr<IgnoreState> IgnoreStateOf(const WorkTree& tree, std::string_view folder) {
  IgnoreState state;
  if (!folder.empty()) {
    MREG_ASSIGN_OR_RETURN(state, IgnoreStateOf(tree, FolderOf(folder)));
    state.is_ignored = state.IsIgnored(folder, /*is_folder=*/true);
  }
  MREG_ASSIGN_OR_RETURN(auto own, ReadRules(tree, folder));
  state.scope = std::make_shared<IgnoreScope>(state.scope, folder, std::move(own));
  return state;
}

absl::Status WalkFolder(const WorkTree& tree, std::string_view folder, TreeVisitor& visitor) {
  MREG_ASSIGN_OR_RETURN(const UniqueFd parent, tree.OpenFolder(FolderOf(folder)));
  MREG_ASSIGN_OR_RETURN(const IgnoreState rules, IgnoreStateOf(tree, folder));
  const std::string name = folder.empty() ? "." : NameOf(folder);
  return Walker(tree, visitor).Walk(parent.get(), name, folder, rules, /*depth=*/0);
}

}  // namespace mreg::workspace
