#include "cli/workspace/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "cli/workspace/checkout.h"
#include "cli/workspace/commit.h"
#include "cli/workspace/path_arguments.h"
#include "cli/workspace/status.h"
#include "schema/base/display.h"
#include "schema/base/status.h"

namespace mreg::workspace {
namespace {

using history::TreeEntry;
using Report = Workspace::MergeReport;
using Side = Workspace::Side;
using Choices = std::map<std::string, Side>;

const TreeEntry* FindIn(const std::vector<TreeEntry>& entries, std::string_view path) {
  const auto found = std::ranges::find(entries, path, &TreeEntry::path);
  return found == entries.end() ? nullptr : &*found;
}

// Takes one side's file at `path`, or its absence. A file that is chosen takes the place of files
// below that name.
void Settle(history::MergeResult& result, const std::string& path, const TreeEntry* chosen) {
  if (chosen == nullptr) return;
  std::erase_if(result.files, [&](const TreeEntry& file) { return IsBelow(file.path, path); });
  result.files.insert(std::ranges::upper_bound(result.files, path, {}, &TreeEntry::path), *chosen);
}

absl::Status ApplyChoices(const Choices& choose, const std::vector<TreeEntry>& ours,
                          const std::vector<TreeEntry>& theirs, history::MergeResult& result) {
  for (const auto& [path, side] : choose) {
    const auto conflict = std::ranges::find(result.conflicts, path, &history::MergeConflict::path);
    if (conflict == result.conflicts.end()) {
      return absl::InvalidArgumentError(
          fmt::format("{} is not in conflict: there is nothing to choose", EscapeForDisplay(path)));
    }
    result.conflicts.erase(conflict);
    Settle(result, path, FindIn(side == Side::kOurs ? ours : theirs, path));
  }
  return absl::OkStatus();
}

// What is staged would be lost in the merge, or be committed with it unseen. Staged exactly as the
// merge will be is what an interrupted run leaves behind.
absl::Status CheckNothingStaged(const Clone& clone, const std::vector<TreeEntry>& ours,
                                const std::vector<TreeEntry>& merged) {
  MREG_ASSIGN_OR_RETURN(const auto index, clone.OpenIndex());
  const std::vector<TreeEntry> staged = EntriesOf(*index);
  if (staged == ours || staged == merged) return absl::OkStatus();
  std::vector<std::string> paths;
  for (const ChangedFile& file : CompareEntries(ours, staged)) paths.push_back(file.path);
  return absl::FailedPreconditionError(
      fmt::format("changes are staged, commit or restore them first: {}", ListForDisplay(paths)));
}

class Merger {
 public:
  Merger(Clone& clone, const history::Signature& author, const FileProgress& progress)
      : clone_(clone), author_(author), progress_(progress) {}

  absl::StatusOr<Report> FastForward(const Head& head, const CommitId& other) {
    MREG_ASSIGN_OR_RETURN(const auto ours, clone_.FilesOf(head.commit));
    MREG_ASSIGN_OR_RETURN(const auto theirs, clone_.FilesOf(other));
    MREG_RETURN_IF_ERROR(CheckNothingStaged(clone_, ours, theirs));
    MREG_RETURN_IF_ERROR(
        MoveTo(head, theirs, other, fmt::format("merge: fast-forward to {}", other.ToShortHex())));
    return Report{Report::Kind::kFastForward, other, {}};
  }

  absl::StatusOr<Report> MergeBoth(const Head& head, const CommitId& other,
                                   const std::string& message, const Choices& choose) {
    MREG_ASSIGN_OR_RETURN(const std::string clean, CleanMessage(message));
    MREG_ASSIGN_OR_RETURN(const auto base_commit, clone_.history().MergeBase(*head.commit, other));
    MREG_ASSIGN_OR_RETURN(const auto base, clone_.FilesOf(base_commit));
    MREG_ASSIGN_OR_RETURN(const auto ours, clone_.FilesOf(head.commit));
    MREG_ASSIGN_OR_RETURN(const auto theirs, clone_.FilesOf(other));
    MREG_ASSIGN_OR_RETURN(history::MergeResult result,
                          history::MergeFiles(clone_.history(), base, ours, theirs));
    MREG_RETURN_IF_ERROR(ApplyChoices(choose, ours, theirs, result));
    if (!result.conflicts.empty()) {
      return Report{Report::Kind::kConflicts, std::nullopt, std::move(result.conflicts)};
    }
    MREG_RETURN_IF_ERROR(CheckNothingStaged(clone_, ours, result.files));
    MREG_ASSIGN_OR_RETURN(
        const CommitId commit,
        WriteVersion(clone_, result.files, {*head.commit, other}, clean, author_));
    MREG_RETURN_IF_ERROR(MoveTo(head, result.files, commit, ReasonOf("merge", clean)));
    return Report{Report::Kind::kMerged, commit, {}};
  }

 private:
  absl::Status MoveTo(const Head& head, const std::vector<TreeEntry>& files, const CommitId& commit,
                      std::string_view reason) {
    MREG_RETURN_IF_ERROR(
        CheckOutFiles(clone_, head.commit, files, StagedChanges::kRefuse, progress_));
    return clone_.MoveHead(head, commit, author_, reason);
  }

  Clone& clone_;
  const history::Signature& author_;
  const FileProgress& progress_;
};

}  // namespace

absl::StatusOr<Report> MergeInto(Clone& clone, const CommitId& other, const std::string& message,
                                 const history::Signature& author, const Choices& choose,
                                 const FileProgress& progress) {
  MREG_ASSIGN_OR_RETURN(const Head head, clone.ReadHead());
  Merger merger(clone, author, progress);
  if (!head.commit) return merger.FastForward(head, other);
  MREG_ASSIGN_OR_RETURN(const bool has_it, clone.history().IsAncestor(other, *head.commit));
  if (has_it) return Report{Report::Kind::kUpToDate, head.commit, {}};
  MREG_ASSIGN_OR_RETURN(const bool is_ahead, clone.history().IsAncestor(*head.commit, other));
  if (is_ahead) return merger.FastForward(head, other);
  return merger.MergeBoth(head, other, message, choose);
}

}  // namespace mreg::workspace
