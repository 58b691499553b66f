#include "cli/workspace/checkout_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "cli/workspace/path_arguments.h"
#include "cli/workspace/tree_walk.h"
#include "cli/workspace/version_file.h"
#include "schema/base/status.h"

namespace mreg::workspace {
namespace {

using history::StagedFile;
using history::TreeEntry;
using Kind = Comparison::Kind;

const TreeEntry* FindIn(const std::vector<TreeEntry>& entries, std::string_view path) {
  const auto found = std::ranges::lower_bound(
      entries, path, {}, [](const TreeEntry& entry) { return std::string_view(entry.path); });
  return found != entries.end() && found->path == path ? &*found : nullptr;
}

bool IsSame(const TreeEntry* a, const TreeEntry* b) {
  return a == b || (a != nullptr && b != nullptr && *a == *b);
}

// What stands in the way, by the reason.
struct Obstacles {
  std::vector<std::string> staged;
  std::vector<std::string> modified;
  std::vector<std::string> untracked;

  absl::Status ToStatus() const {
    std::string text;
    const auto add = [&](const std::vector<std::string>& paths, std::string_view what) {
      if (paths.empty()) return;
      text += fmt::format("{}{} {}", text.empty() ? "" : "; ", what, ListForDisplay(paths));
    };
    add(staged, "staged changes would be lost, commit or restore them first:");
    add(modified, "local changes would be lost, add and commit or restore them first:");
    add(untracked, "files that are not tracked are in the way, move or remove them first:");
    return text.empty() ? absl::OkStatus() : absl::FailedPreconditionError(text);
  }
};

// Whether a folder holds a file that is not among those to be removed.
class FolderGuard final : public TreeVisitor {
 public:
  explicit FolderGuard(const std::set<std::string_view>& removed) : removed_(removed) {}
  bool Enter(const WalkedEntry&) override { return !other_; }
  absl::StatusOr<Next> Meet(const WalkedEntry& file) override {
    if (!removed_.contains(file.path)) other_ = std::string(file.path);
    return other_ ? Next::kLeaveFolder : Next::kGoOn;
  }
  const std::optional<std::string>& other() const { return other_; }

 private:
  const std::set<std::string_view>& removed_;
  std::optional<std::string> other_;
};

class Planner {
 public:
  Planner(const Clone& clone, const history::StagingIndex& index,
          const std::vector<TreeEntry>& committed, const PathSet& left_out,
          StagedChanges staged_changes)
      : clone_(clone),
        index_(index),
        committed_(committed),
        left_out_(left_out),
        // An index without any file is one that was never filled: nothing is staged in it.
        carries_(staged_changes == StagedChanges::kCarry && !index.files().empty()) {}

  // `staged` or `wanted` may be null, not both.
  absl::Status Add(const StagedFile* staged, const TreeEntry* wanted) {
    const TreeEntry* const entry = staged != nullptr ? &staged->entry : nullptr;
    if (IsSame(entry, wanted)) return absl::OkStatus();
    const std::string& path = entry != nullptr ? entry->path : wanted->path;
    const TreeEntry* const committed = FindIn(committed_, path);
    if (!IsSame(entry, committed)) {
      if (carries_ && IsSame(committed, wanted)) return absl::OkStatus();
      if (entry != nullptr) {
        obstacles_.staged.push_back(path);
        return absl::OkStatus();
      }
    }
    if (wanted == nullptr) return AddRemoval(*staged);
    if (left_out_.contains(path)) return AddLeftOut(staged, *wanted);
    return staged != nullptr ? AddChange(*staged, *wanted) : AddNew(*wanted);
  }

  // For a file that stays as it is staged.
  absl::Status Reapply(const StagedFile& staged) {
    const bool is_left_out = left_out_.contains(staged.entry.path);
    if (staged.skip_worktree == is_left_out) return absl::OkStatus();
    return is_left_out ? AddLeftOut(&staged, staged.entry) : AddNew(staged.entry);
  }

  absl::StatusOr<CheckoutPlan> Finish() {
    MREG_RETURN_IF_ERROR(CheckPlaces());
    MREG_RETURN_IF_ERROR(obstacles_.ToStatus());
    return std::move(plan_);
  }

 private:
  absl::Status AddRemoval(const StagedFile& staged) {
    MREG_ASSIGN_OR_RETURN(const Comparison found,
                          CompareStaged(clone_.tree(), clone_.history(), index_, staged));
    if (found.kind == Kind::kSame) plan_.removals.push_back({staged.entry.path, found.stamp});
    if (found.kind == Kind::kAbsent) plan_.forgotten.push_back(staged.entry.path);
    if (found.kind == Kind::kDifferent) obstacles_.modified.push_back(staged.entry.path);
    return absl::OkStatus();
  }

  absl::Status AddChange(const StagedFile& staged, const TreeEntry& wanted) {
    MREG_ASSIGN_OR_RETURN(const Comparison found,
                          CompareStaged(clone_.tree(), clone_.history(), index_, staged));
    if (found.kind == Kind::kDifferent) return AddPresent(wanted, obstacles_.modified);
    if (found.kind == Kind::kSame) {
      plan_.writes.push_back({wanted, found.stamp});
    } else {
      plan_.writes.push_back({wanted, Nothing{}});
    }
    return absl::OkStatus();
  }

  // What is there and not tracked stays there: it counts as a change of the file then.
  absl::Status AddLeftOut(const StagedFile* staged, const TreeEntry& wanted) {
    if (staged != nullptr) {
      MREG_ASSIGN_OR_RETURN(const Comparison found,
                            CompareStaged(clone_.tree(), clone_.history(), index_, *staged));
      if (found.kind == Kind::kDifferent) obstacles_.modified.push_back(wanted.path);
      if (found.kind == Kind::kSame) plan_.removals.push_back({wanted.path, found.stamp});
    }
    plan_.left_out.push_back(wanted);
    return absl::OkStatus();
  }

  absl::Status AddNew(const TreeEntry& wanted) {
    MREG_ASSIGN_OR_RETURN(const auto info, clone_.tree().Look(wanted.path));
    if (info && !S_ISDIR(info->st_mode)) return AddPresent(wanted, obstacles_.untracked);
    plan_.writes.push_back({wanted, Nothing{}});
    return absl::OkStatus();
  }

  // Something is there. It may be the wanted file: an earlier run wrote it and was interrupted.
  absl::Status AddPresent(const TreeEntry& wanted, std::vector<std::string>& obstacles) {
    MREG_ASSIGN_OR_RETURN(const Comparison found, Compare(clone_.tree(), clone_.history(), wanted));
    if (found.kind == Kind::kSame) {
      plan_.present.push_back({wanted, found.stamp});
    } else {
      obstacles.push_back(wanted.path);
    }
    return absl::OkStatus();
  }

  // Files to be written where nothing is: that there will be room for them, and for their folders.
  absl::Status CheckPlaces() {
    std::set<std::string_view> removed;
    for (const PlannedRemoval& removal : plan_.removals) removed.insert(removal.path);
    std::set<std::string_view> checked_folders;
    for (const PlannedWrite& write : plan_.writes) {
      if (!std::holds_alternative<Nothing>(write.replaced)) continue;
      const std::string_view path = write.entry.path;
      for (auto folder = FolderOf(path); !folder.empty() && checked_folders.insert(folder).second;
           folder = FolderOf(folder)) {
        MREG_RETURN_IF_ERROR(CheckFolder(folder, removed));
      }
      MREG_RETURN_IF_ERROR(CheckPlace(path, removed));
    }
    return absl::OkStatus();
  }

  absl::Status CheckFolder(std::string_view folder, const std::set<std::string_view>& removed) {
    MREG_ASSIGN_OR_RETURN(const auto info, clone_.tree().Look(folder));
    if (info && !S_ISDIR(info->st_mode) && !removed.contains(folder)) {
      obstacles_.untracked.emplace_back(folder);
    }
    return absl::OkStatus();
  }

  absl::Status CheckPlace(std::string_view path, const std::set<std::string_view>& removed) {
    MREG_ASSIGN_OR_RETURN(const auto info, clone_.tree().Look(path));
    if (!info) return absl::OkStatus();
    FolderGuard guard(removed);
    MREG_RETURN_IF_ERROR(WalkFolder(clone_.tree(), path, guard));
    if (guard.other()) obstacles_.untracked.push_back(*guard.other());
    return absl::OkStatus();
  }

  const Clone& clone_;
  const history::StagingIndex& index_;
  const std::vector<TreeEntry>& committed_;
  const PathSet& left_out_;
  const bool carries_;
  CheckoutPlan plan_;
  Obstacles obstacles_;
};

}  // namespace

absl::StatusOr<CheckoutPlan> PlanCheckout(const Clone& clone, const history::StagingIndex& index,
                                          const std::vector<TreeEntry>& committed,
                                          const std::vector<TreeEntry>& wanted,
                                          const PathSet& left_out, StagedChanges staged_changes) {
  Planner planner(clone, index, committed, left_out, staged_changes);
  const auto& staged = index.files();
  auto have = staged.begin();
  auto want = wanted.begin();
  while (have != staged.end() || want != wanted.end()) {
    const bool takes_have =
        want == wanted.end() || (have != staged.end() && have->entry.path <= want->path);
    const bool takes_want =
        have == staged.end() || (want != wanted.end() && want->path <= have->entry.path);
    MREG_RETURN_IF_ERROR(planner.Add(takes_have ? &*have : nullptr, takes_want ? &*want : nullptr));
    if (takes_have) ++have;
    if (takes_want) ++want;
  }
  return planner.Finish();
}

absl::StatusOr<CheckoutPlan> PlanReapply(const Clone& clone, const history::StagingIndex& index,
                                         const PathSet& left_out) {
  const std::vector<TreeEntry> staged = EntriesOf(index);
  Planner planner(clone, index, staged, left_out, StagedChanges::kRefuse);
  for (const StagedFile& file : index.files()) MREG_RETURN_IF_ERROR(planner.Reapply(file));
  return planner.Finish();
}

}  // namespace mreg::workspace
