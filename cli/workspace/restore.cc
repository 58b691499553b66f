#include "cli/workspace/restore.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "cli/workspace/file_writer.h"
#include "cli/workspace/missing_files.h"
#include "cli/workspace/path_arguments.h"
#include "cli/workspace/sparse_checkout.h"
#include "cli/workspace/version_file.h"
#include "schema/base/display.h"
#include "schema/base/status.h"
#include "storage/registry/path_rules.h"

namespace mreg::workspace {
namespace {

using history::TreeEntry;

std::vector<TreeEntry> Covered(std::span<const std::string> arguments,
                               const std::vector<TreeEntry>& entries) {
  std::vector<TreeEntry> covered;
  for (const TreeEntry& entry : entries) {
    if (AnyCovers(arguments, entry.path)) covered.push_back(entry);
  }
  return covered;
}

// A file that is left out of the work tree comes back only where it is named itself.
absl::StatusOr<std::vector<TreeEntry>> WithoutLeftOut(Clone& clone,
                                                      const history::StagingIndex& index,
                                                      std::span<const std::string> arguments,
                                                      const std::vector<TreeEntry>& entries) {
  MREG_ASSIGN_OR_RETURN(const SparsePatterns patterns, ReadSparsePatterns(clone));
  MREG_ASSIGN_OR_RETURN(const PathSet left_out, LeftOut(clone, patterns, entries));
  std::vector<TreeEntry> others;
  for (const TreeEntry& entry : entries) {
    const history::StagedFile* const staged = index.Find(entry.path);
    const bool is_left_out =
        staged != nullptr ? staged->skip_worktree : left_out.contains(entry.path);
    const bool is_named = std::ranges::find(arguments, entry.path) != arguments.end();
    if (is_named || !is_left_out) others.push_back(entry);
  }
  return others;
}

absl::Status RequireMatches(std::span<const std::string> arguments,
                            const std::vector<TreeEntry>& entries) {
  for (const std::string& argument : arguments) {
    const bool matches = argument.empty() || std::ranges::any_of(entries, [&](const auto& entry) {
                           return Covers(argument, entry.path);
                         });
    if (!matches) {
      return absl::NotFoundError(fmt::format("{} matches no file", EscapeForDisplay(argument)));
    }
  }
  return absl::OkStatus();
}

// The index's stamp if it is about the same content; nothing is read to find out.
absl::StatusOr<Comparison> CompareQuickly(const Clone& clone, const history::StagingIndex& index,
                                          const TreeEntry& entry) {
  const history::StagedFile* const staged = index.Find(entry.path);
  if (staged != nullptr && staged->entry == entry) {
    return CompareStaged(clone.tree(), clone.history(), index, *staged);
  }
  return Compare(clone.tree(), clone.history(), entry);
}

absl::StatusOr<std::vector<TreeEntry>> OnlyDifferent(const Clone& clone,
                                                     const history::StagingIndex& index,
                                                     std::vector<TreeEntry> entries) {
  std::vector<TreeEntry> different;
  for (TreeEntry& entry : entries) {
    MREG_ASSIGN_OR_RETURN(const Comparison found, CompareQuickly(clone, index, entry));
    if (found.kind != Comparison::Kind::kSame) different.push_back(std::move(entry));
  }
  return different;
}

absl::Status WriteAll(Clone& clone, history::StagingIndex& index,
                      const std::vector<TreeEntry>& entries, uint64_t total_bytes,
                      const FileProgress& progress) {
  MREG_ASSIGN_OR_RETURN(FileWriter writer, FileWriter::Open(clone));
  uint64_t done_bytes = 0;
  for (const TreeEntry& entry : entries) {
    uint64_t bytes_of_file = 0;
    MREG_ASSIGN_OR_RETURN(const history::FileStamp stamp,
                          writer.Write(entry, Anything{}, [&](uint64_t done) {
                            bytes_of_file = done;
                            if (progress) progress(entry.path, done_bytes + done, total_bytes);
                          }));
    done_bytes += bytes_of_file;
    const history::StagedFile* const staged = index.Find(entry.path);
    if (staged != nullptr && staged->entry == entry) index.Put({entry, stamp});
  }
  return writer.Sync();
}

}  // namespace

absl::StatusOr<std::vector<TreeEntry>> FilesToRestore(Clone& clone,
                                                      const history::StagingIndex& index,
                                                      std::span<const std::string> arguments,
                                                      const std::optional<CommitId>& source) {
  std::vector<TreeEntry> files = EntriesOf(index);
  if (source) {
    MREG_ASSIGN_OR_RETURN(files, clone.FilesOf(source));
  }
  MREG_RETURN_IF_ERROR(registry::CheckFiles(files));
  MREG_RETURN_IF_ERROR(RequireMatches(arguments, files));
  MREG_ASSIGN_OR_RETURN(files, WithoutLeftOut(clone, index, arguments, Covered(arguments, files)));
  return files;
}

absl::Status RestoreWorkTree(Clone& clone, std::span<const std::string> arguments,
                             const std::optional<CommitId>& source, const FileProgress& progress) {
  MREG_ASSIGN_OR_RETURN(const auto index, clone.OpenIndex());
  MREG_ASSIGN_OR_RETURN(auto files, FilesToRestore(clone, *index, arguments, source));
  MREG_ASSIGN_OR_RETURN(const auto entries, OnlyDifferent(clone, *index, std::move(files)));
  if (entries.empty()) return absl::OkStatus();
  MREG_ASSIGN_OR_RETURN(const uint64_t total_bytes, RequireSupply(clone, entries));
  MREG_RETURN_IF_ERROR(WriteAll(clone, *index, entries, total_bytes, progress));
  return SaveIndex(*index);
}

absl::Status RestoreIndex(Clone& clone, std::span<const std::string> arguments,
                          const std::optional<CommitId>& source) {
  MREG_ASSIGN_OR_RETURN(const Head head, clone.ReadHead());
  MREG_ASSIGN_OR_RETURN(const auto files, clone.FilesOf(source ? source : head.commit));
  MREG_ASSIGN_OR_RETURN(const auto index, clone.OpenIndex());
  const std::vector<TreeEntry> wanted = Covered(arguments, files);
  MREG_ASSIGN_OR_RETURN(const SparsePatterns patterns, ReadSparsePatterns(clone));
  MREG_ASSIGN_OR_RETURN(const PathSet left_out, LeftOut(clone, patterns, wanted));
  const std::vector<TreeEntry> staged = Covered(arguments, EntriesOf(*index));
  std::vector<TreeEntry> either = wanted;
  either.insert(either.end(), staged.begin(), staged.end());
  MREG_RETURN_IF_ERROR(RequireMatches(arguments, either));
  for (const TreeEntry& entry : staged) {
    const bool is_wanted = std::ranges::binary_search(wanted, entry.path, {}, &TreeEntry::path);
    if (!is_wanted) index->Remove(entry.path);
  }
  for (const TreeEntry& entry : wanted) {
    const history::StagedFile* const now = index->Find(entry.path);
    // Without a stamp: what the work tree has is not known to be this.
    const bool is_left_out = now != nullptr ? now->skip_worktree : left_out.contains(entry.path);
    if (now == nullptr || now->entry != entry) index->Put({entry, {}, is_left_out});
  }
  return SaveIndex(*index);
}

}  // namespace mreg::workspace
