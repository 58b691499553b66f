#include "cli/workspace/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "cli/workspace/sparse_checkout.h"
#include "cli/workspace/tree_walk.h"
#include "cli/workspace/version_file.h"
#include "schema/base/status.h"

namespace mreg::workspace {
namespace {

using history::StagedFile;

constexpr std::string_view kBranches = "refs/heads/";

// Walks the work tree beside the index: both are in the order of paths.
class StatusVisitor final : public TreeVisitor {
 public:
  StatusVisitor(const Clone& clone, const history::StagingIndex& index, StatusReport& report)
      : clone_(clone), index_(index), staged_(index.files()), report_(report) {}

  bool Enter(const WalkedEntry& folder) override {
    if (HasTrackedBelow(folder.path)) return true;
    if (folder.IsIgnored()) return false;
    if (!IsInUntrackedFolder(folder.path)) {
      untracked_folder_ = std::string(folder.path);
      is_reported_ = false;
    }
    return !is_reported_;
  }

  absl::StatusOr<Next> Meet(const WalkedEntry& file) override {
    PassAbsent(file.path);
    if (next_ < staged_.size() && staged_[next_].entry.path == file.path) {
      MREG_RETURN_IF_ERROR(MeetTracked(staged_[next_++], file.info));
      return Next::kGoOn;
    }
    return file.IsIgnored() ? Next::kGoOn : MeetUntracked(file.path);
  }

  // To be called after the walk.
  void Finish() { PassAbsent(std::nullopt); }

  // Files whose stamps proved nothing, and that were found unchanged by reading them.
  const std::vector<StagedFile>& proven() const { return proven_; }

 private:
  bool HasTrackedBelow(std::string_view folder) const {
    const std::string prefix = fmt::format("{}/", folder);
    const auto first = std::ranges::lower_bound(
        staged_, prefix, {},
        [](const StagedFile& file) -> const std::string& { return file.entry.path; });
    return first != staged_.end() && first->entry.path.starts_with(prefix);
  }

  bool IsInUntrackedFolder(std::string_view path) const {
    return untracked_folder_ && IsBelow(path, *untracked_folder_);
  }

  // What the index has before `path` was not met.
  void PassAbsent(std::optional<std::string_view> path) {
    for (; next_ < staged_.size() && (!path || staged_[next_].entry.path < *path); ++next_) {
      if (staged_[next_].skip_worktree) continue;
      report_.unstaged.push_back({staged_[next_].entry.path, Change::kRemoved});
    }
  }

  absl::Status MeetTracked(const StagedFile& staged, const struct stat& info) {
    const history::FileStamp stamp = history::StampOf(info);
    const bool has_mode = S_ISREG(info.st_mode) && ModeOf(info) == staged.entry.mode;
    if (has_mode && index_.IsUnchanged(staged, stamp)) return absl::OkStatus();
    MREG_ASSIGN_OR_RETURN(const Comparison found,
                          Compare(clone_.tree(), clone_.history(), staged.entry));
    if (found.kind == Comparison::Kind::kSame) {
      proven_.push_back({staged.entry, found.stamp});
    } else {
      const bool is_gone = found.kind == Comparison::Kind::kAbsent;
      if (is_gone && staged.skip_worktree) return absl::OkStatus();
      report_.unstaged.push_back(
          {staged.entry.path, is_gone ? Change::kRemoved : Change::kModified});
    }
    return absl::OkStatus();
  }

  Next MeetUntracked(std::string_view path) {
    if (!IsInUntrackedFolder(path)) {
      report_.untracked.emplace_back(path);
      return Next::kGoOn;
    }
    if (!is_reported_) report_.untracked.push_back(*untracked_folder_ + "/");
    is_reported_ = true;
    return Next::kLeaveFolder;
  }

  const Clone& clone_;
  const history::StagingIndex& index_;
  const std::vector<StagedFile>& staged_;
  StatusReport& report_;
  size_t next_ = 0;  // of staged_, not met yet
  // The outermost folder on the way that has nothing tracked, and whether it is in the report.
  std::optional<std::string> untracked_folder_;
  bool is_reported_ = false;
  std::vector<StagedFile> proven_;
};

// So that the next command need not read these files again. Only a help: where another command is
// at work, it is left out.
void KeepStamps(const Clone& clone, history::StagingIndex& index, std::vector<StagedFile> files) {
  if (files.empty()) return;
  const auto lock = clone.Lock();
  if (!lock.ok()) return;
  for (StagedFile& file : files) index.Put(std::move(file));
  index.Save().IgnoreError();
}

// "refs/remotes/origin/main" for a branch that follows main of origin.
absl::StatusOr<std::optional<std::string>> UpstreamOf(const Clone& clone, std::string_view branch) {
  MREG_ASSIGN_OR_RETURN(const auto remote,
                        clone.config().Get(fmt::format("branch.{}.remote", branch)));
  MREG_ASSIGN_OR_RETURN(const auto merge,
                        clone.config().Get(fmt::format("branch.{}.merge", branch)));
  if (!remote || !merge || !merge->starts_with(kBranches)) return std::nullopt;
  std::string name = fmt::format("refs/remotes/{}/{}", *remote, merge->substr(kBranches.size()));
  if (!history::IsValidReferenceName(name)) return std::nullopt;
  return name;
}

absl::StatusOr<uint64_t> CountBeyond(const history::Repository& history, const CommitId& from,
                                     const CommitId& hide) {
  uint64_t count = 0;
  MREG_RETURN_IF_ERROR(history.Walk({&from, 1}, {&hide, 1}, [&](const history::Commit&) {
    ++count;
    return true;
  }));
  return count;
}

absl::Status AddUpstream(const Clone& clone, StatusReport& report) {
  MREG_ASSIGN_OR_RETURN(const auto upstream, UpstreamOf(clone, *report.branch));
  if (!upstream) return absl::OkStatus();
  MREG_ASSIGN_OR_RETURN(const auto target, clone.history().references().Read(*upstream));
  if (!target) return absl::OkStatus();
  report.upstream = upstream->substr(std::string_view("refs/remotes/").size());
  MREG_ASSIGN_OR_RETURN(const CommitId theirs, clone.history().Peel(*target));
  if (!report.head) return absl::OkStatus();
  MREG_ASSIGN_OR_RETURN(report.ahead, CountBeyond(clone.history(), *report.head, theirs));
  MREG_ASSIGN_OR_RETURN(report.behind, CountBeyond(clone.history(), theirs, *report.head));
  return absl::OkStatus();
}

absl::StatusOr<StatusReport> ReportOnHead(const Clone& clone) {
  StatusReport report;
  MREG_ASSIGN_OR_RETURN(const Head head, clone.ReadHead());
  report.head = head.commit;
  if (!head.branch) return report;
  const bool is_branch = head.branch->starts_with(kBranches);
  report.branch = is_branch ? head.branch->substr(kBranches.size()) : *head.branch;
  MREG_RETURN_IF_ERROR(AddUpstream(clone, report));
  return report;
}

}  // namespace

std::vector<ChangedFile> CompareEntries(const std::vector<history::TreeEntry>& before,
                                        const std::vector<history::TreeEntry>& after) {
  std::vector<ChangedFile> changes;
  auto old = before.begin();
  auto now = after.begin();
  while (old != before.end() || now != after.end()) {
    if (now == after.end() || (old != before.end() && old->path < now->path)) {
      changes.push_back({(old++)->path, Change::kRemoved});
    } else if (old == before.end() || now->path < old->path) {
      changes.push_back({(now++)->path, Change::kAdded});
    } else {
      if (*old != *now) changes.push_back({now->path, Change::kModified});
      ++old, ++now;
    }
  }
  return changes;
}

absl::StatusOr<StatusReport> ReadStatus(Clone& clone) {
  MREG_ASSIGN_OR_RETURN(StatusReport report, ReportOnHead(clone));
  MREG_ASSIGN_OR_RETURN(const auto index, clone.OpenIndex());
  MREG_ASSIGN_OR_RETURN(const auto committed, clone.FilesOf(report.head));
  report.staged = CompareEntries(committed, EntriesOf(*index));
  StatusVisitor visitor(clone, *index, report);
  MREG_RETURN_IF_ERROR(WalkFolder(clone.tree(), "", visitor));
  visitor.Finish();
  KeepStamps(clone, *index, visitor.proven());
  MREG_ASSIGN_OR_RETURN(const SparsePatterns patterns, ReadSparsePatterns(clone));
  report.sparse_patterns = patterns.Patterns();
  report.left_out =
      static_cast<uint64_t>(std::ranges::count(index->files(), true, &StagedFile::skip_worktree));
  return report;
}

}  // namespace mreg::workspace
