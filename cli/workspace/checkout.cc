#include "cli/workspace/checkout.h"

#include <fmt/format.h>

#include <utility>

#include "cli/workspace/file_writer.h"
#include "cli/workspace/missing_files.h"
#include "schema/base/display.h"
#include "schema/base/status.h"
#include "storage/registry/path_rules.h"

namespace mreg::workspace {
namespace {

class CheckoutRun {
 public:
  CheckoutRun(Clone& clone, history::StagingIndex& index, const FileProgress& progress)
      : clone_(clone), index_(index), progress_(progress) {}

  // The index is saved last: until then every step can be made again.
  absl::Status Execute(const CheckoutPlan& plan) {
    MREG_ASSIGN_OR_RETURN(total_bytes_, RequireSupply(clone_, EntriesToWrite(plan)));
    if (!plan.removals.empty() || !plan.writes.empty()) {
      MREG_RETURN_IF_ERROR(ChangeWorkTree(plan));
    }
    for (const std::string& path : plan.forgotten) index_.Remove(path);
    for (const history::StagedFile& file : plan.present) index_.Put(file);
    for (const history::TreeEntry& entry : plan.left_out) {
      index_.Put({entry, {}, /*skip_worktree=*/true});
    }
    return SaveIndex(index_);
  }

 private:
  static std::vector<history::TreeEntry> EntriesToWrite(const CheckoutPlan& plan) {
    std::vector<history::TreeEntry> entries;
    for (const PlannedWrite& write : plan.writes) entries.push_back(write.entry);
    return entries;
  }

  absl::Status ChangeWorkTree(const CheckoutPlan& plan) {
    MREG_ASSIGN_OR_RETURN(FileWriter writer, FileWriter::Open(clone_));
    for (const PlannedRemoval& removal : plan.removals) {
      MREG_RETURN_IF_ERROR(Remove(removal));
    }
    for (const PlannedWrite& write : plan.writes) {
      MREG_RETURN_IF_ERROR(Write(writer, write));
    }
    // Before the index: it must not prove a file that a power cut took.
    return writer.Sync();
  }

  absl::Status Remove(const PlannedRemoval& removal) {
    MREG_ASSIGN_OR_RETURN(const auto info, clone_.tree().Look(removal.path));
    if (info && history::StampOf(*info) != removal.stamp) {
      return absl::AbortedError(
          fmt::format("{} changed before it could be removed", EscapeForDisplay(removal.path)));
    }
    MREG_RETURN_IF_ERROR(clone_.tree().Remove(removal.path));
    index_.Remove(removal.path);
    return absl::OkStatus();
  }

  absl::Status Write(FileWriter& writer, const PlannedWrite& write) {
    uint64_t bytes_of_file = 0;
    const auto progress = [&](uint64_t done) {
      bytes_of_file = done;
      if (progress_) progress_(write.entry.path, done_bytes_ + done, total_bytes_);
    };
    progress(0);
    MREG_ASSIGN_OR_RETURN(const history::FileStamp stamp,
                          writer.Write(write.entry, write.replaced, progress));
    done_bytes_ += bytes_of_file;
    index_.Put({write.entry, stamp});
    return absl::OkStatus();
  }

  Clone& clone_;
  history::StagingIndex& index_;
  const FileProgress& progress_;
  uint64_t done_bytes_ = 0;  // of files that are written
  uint64_t total_bytes_ = 0;
};

}  // namespace

absl::Status CheckOutFiles(Clone& clone, const std::optional<CommitId>& head,
                           const std::vector<history::TreeEntry>& files,
                           StagedChanges staged_changes, const FileProgress& progress) {
  MREG_RETURN_IF_ERROR(registry::CheckFiles(files));
  MREG_ASSIGN_OR_RETURN(const auto index, clone.OpenIndex());
  MREG_ASSIGN_OR_RETURN(const auto committed, clone.FilesOf(head));
  MREG_ASSIGN_OR_RETURN(const SparsePatterns patterns, ReadSparsePatterns(clone));
  MREG_ASSIGN_OR_RETURN(const PathSet left_out, LeftOut(clone, patterns, files));
  MREG_ASSIGN_OR_RETURN(const CheckoutPlan plan,
                        PlanCheckout(clone, *index, committed, files, left_out, staged_changes));
  return CheckoutRun(clone, *index, progress).Execute(plan);
}

absl::Status ReapplySparse(Clone& clone, const FileProgress& progress) {
  MREG_ASSIGN_OR_RETURN(const auto index, clone.OpenIndex());
  MREG_ASSIGN_OR_RETURN(const SparsePatterns patterns, ReadSparsePatterns(clone));
  MREG_ASSIGN_OR_RETURN(const PathSet left_out, LeftOut(clone, patterns, EntriesOf(*index)));
  MREG_ASSIGN_OR_RETURN(const CheckoutPlan plan, PlanReapply(clone, *index, left_out));
  return CheckoutRun(clone, *index, progress).Execute(plan);
}

absl::Status CheckOut(Clone& clone, const CommitId& commit, StagedChanges staged_changes,
                      const FileProgress& progress) {
  MREG_ASSIGN_OR_RETURN(const Head head, clone.ReadHead());
  MREG_ASSIGN_OR_RETURN(const auto files, clone.FilesOf(commit));
  return CheckOutFiles(clone, head.commit, files, staged_changes, progress);
}

absl::Status SwitchTo(Clone& clone, const std::string& reference, const FileProgress& progress) {
  MREG_ASSIGN_OR_RETURN(const auto target, clone.history().references().Read(reference));
  if (!target) {
    return absl::NotFoundError(fmt::format("there is no {}", EscapeForDisplay(reference)));
  }
  MREG_ASSIGN_OR_RETURN(const CommitId commit, clone.history().Peel(*target));
  MREG_RETURN_IF_ERROR(CheckOut(clone, commit, StagedChanges::kCarry, progress));
  return clone.history().SetHeadBranch(reference);
}

absl::Status Detach(Clone& clone, const CommitId& commit, const FileProgress& progress) {
  MREG_RETURN_IF_ERROR(CheckOut(clone, commit, StagedChanges::kCarry, progress));
  return clone.history().DetachHead(commit);
}

}  // namespace mreg::workspace
