// Versions as lists of files: trees taken apart and put together.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "schema/base/status.h"
#include "storage/history/git_status.h"
#include "storage/history/object_format.h"
#include "storage/history/repository_base.h"
#include "storage/history/tree_path.h"

namespace mreg::history {
namespace {

// All paths of a version together. A few small trees that list each other many times can spell out
// far more than they weigh.
constexpr size_t kMostPathBytes = 256 << 20;

// Collects the files below a tree, which may come from anyone: bounds hold for the depth, for the
// files and their paths, and for the trees visited, since there can be exponentially many without
// a file.
class Flattener {
 public:
  explicit Flattener(git_repository* git) : git_(git) {}

  absl::Status Add(const git_oid& oid, const std::string& prefix, int depth) {
    if (depth > kDeepestTree || ++trees_ > kMostFiles) return TooMuch();
    git_tree* read = nullptr;
    const int code = git_tree_lookup(&read, git_, &oid);
    if (code < 0) return GitStatus(code, fmt::format("read folder '{}'", prefix));
    const TreeHandle tree(read);
    std::unordered_set<std::string_view> names;
    for (size_t i = 0; i < git_tree_entrycount(read); ++i) {
      const git_tree_entry* const entry = git_tree_entry_byindex(read, i);
      if (!names.insert(git_tree_entry_name(entry)).second) return OutOfOrder(prefix);
      MREG_RETURN_IF_ERROR(AddEntry(*entry, prefix, depth));
    }
    return absl::OkStatus();
  }

  std::vector<TreeEntry> TakeFiles() { return std::move(files_); }

 private:
  absl::Status AddEntry(const git_tree_entry& entry, const std::string& prefix, int depth) {
    const char* const name = git_tree_entry_name(&entry);
    const auto raw_mode = static_cast<uint32_t>(git_tree_entry_filemode_raw(&entry));
    MREG_RETURN_IF_ERROR(Annotate(CheckPathPart(name), fmt::format("in folder '{}'", prefix)));
    const git_oid& oid = *git_tree_entry_id(&entry);
    std::string path = prefix + name;
    path_bytes_ += path.size();
    if (path.size() > kLongestPath || path_bytes_ > kMostPathBytes) return TooMuch();
    if (IsFolder(raw_mode)) return Add(oid, path + "/", depth + 1);
    // Trees in git's order give paths in order; any other would break what callers rely on.
    if (!files_.empty() && files_.back().path >= path) return OutOfOrder(prefix);
    if (files_.size() == kMostFiles) return TooMuch();
    files_.push_back({std::move(path), NormalMode(raw_mode), ToObjectId(oid)});
    return absl::OkStatus();
  }

  static absl::Status TooMuch() {
    return absl::InvalidArgumentError(
        fmt::format("more than {} files, {} nested folders, {} bytes in a path or {} in all",
                    kMostFiles, kDeepestTree, kLongestPath, kMostPathBytes));
  }

  static absl::Status OutOfOrder(std::string_view prefix) {
    return absl::InvalidArgumentError(
        fmt::format("the entries of folder '{}' repeat or are not in git's order", prefix));
  }

  git_repository* const git_;
  size_t trees_ = 0;
  size_t path_bytes_ = 0;
  std::vector<TreeEntry> files_;
};

// Writes the trees over files that are added in the order of their paths. All paths below a folder
// follow each other in it, so a folder is complete when a path outside comes.
class TreeWriter {
 public:
  explicit TreeWriter(Repository& repository) : repository_(repository), open_(1) {}

  absl::Status Add(const TreeEntry& file) {
    const std::string_view path = file.path;
    while (!path.starts_with(open_.back().prefix)) MREG_RETURN_IF_ERROR(CloseLast());
    for (size_t slash; (slash = path.find('/', open_.back().prefix.size())) != path.npos;) {
      MREG_RETURN_IF_ERROR(OpenFolder(path.substr(0, slash)));
    }
    if (!file_paths_.insert(path).second) {
      return absl::InvalidArgumentError(fmt::format("'{}' is named twice", path));
    }
    AppendTreeEntry(open_.back().tree, static_cast<uint32_t>(file.mode),
                    path.substr(open_.back().prefix.size()), file.blob);
    return absl::OkStatus();
  }

  absl::StatusOr<ObjectId> Finish() {
    while (open_.size() > 1) MREG_RETURN_IF_ERROR(CloseLast());
    return repository_.WriteObject(ObjectType::kTree, open_.back().tree);
  }

 private:
  struct Folder {
    std::string prefix;  // its path with '/' behind; empty for the root
    Bytes tree;
  };

  absl::Status OpenFolder(std::string_view path) {
    if (file_paths_.contains(path)) {
      return absl::InvalidArgumentError(fmt::format("'{}' is a file and a folder", path));
    }
    open_.push_back({fmt::format("{}/", path), {}});
    return absl::OkStatus();
  }

  absl::Status CloseLast() {
    const Folder folder = std::move(open_.back());
    open_.pop_back();
    MREG_ASSIGN_OR_RETURN(const ObjectId id,
                          repository_.WriteObject(ObjectType::kTree, folder.tree));
    std::string_view name = folder.prefix;
    name.remove_prefix(open_.back().prefix.size());
    name.remove_suffix(1);
    AppendTreeEntry(open_.back().tree, kFolderMode, name, id);
    return absl::OkStatus();
  }

  Repository& repository_;
  std::vector<Folder> open_;  // from the root down
  std::unordered_set<std::string_view> file_paths_;
};

}  // namespace

absl::StatusOr<std::vector<TreeEntry>> RepositoryBase::ReadTree(const ObjectId& tree) const {
  Flattener flattener(git());
  MREG_RETURN_IF_ERROR(
      Annotate(flattener.Add(ToOid(tree), "", 1), fmt::format("tree {}", tree.ToHex())));
  return flattener.TakeFiles();
}

absl::StatusOr<std::vector<TreeEntry>> RepositoryBase::ReadFiles(const CommitId& commit) const {
  MREG_ASSIGN_OR_RETURN(const Commit read, ReadCommit(commit));
  return ReadTree(read.tree);
}

absl::StatusOr<ObjectId> RepositoryBase::WriteTree(std::span<const TreeEntry> files) {
  std::vector<const TreeEntry*> sorted;
  sorted.reserve(files.size());
  for (const TreeEntry& file : files) sorted.push_back(&file);
  std::ranges::sort(sorted, {}, &TreeEntry::path);
  TreeWriter writer(*this);
  for (const TreeEntry* file : sorted) {
    MREG_RETURN_IF_ERROR(CheckPath(file->path));
    if (!IsKnown(file->mode)) {
      return absl::InvalidArgumentError(fmt::format("'{}' has mode {:o}, unknown to git",
                                                    file->path, static_cast<uint32_t>(file->mode)));
    }
    if (file->mode != FileMode::kSubmodule) {
      MREG_RETURN_IF_ERROR(Annotate(RequireObject(file->blob, ObjectType::kBlob), file->path));
    }
    MREG_RETURN_IF_ERROR(writer.Add(*file));
  }
  return writer.Finish();
}

}  // namespace mreg::history
