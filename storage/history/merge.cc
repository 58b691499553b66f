#include "storage/history/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "schema/base/status.h"
#include "storage/history/merge_text.h"

namespace mreg::history {
namespace {

// A path's entry in each of the three versions; null where it has none.
struct Versions {
  const TreeEntry* base = nullptr;
  const TreeEntry* ours = nullptr;
  const TreeEntry* theirs = nullptr;
};
using Paths = std::map<std::string_view, Versions>;

bool IsSame(const TreeEntry* a, const TreeEntry* b) {
  return a == b || (a != nullptr && b != nullptr && *a == *b);
}

template <typename T>
std::optional<T> MergeValue(const T& base, const T& ours, const T& theirs) {
  if (ours == theirs || theirs == base) return ours;
  if (ours == base) return theirs;
  return std::nullopt;
}

bool IsFile(FileMode mode) { return mode == FileMode::kRegular || mode == FileMode::kExecutable; }

bool AreFiles(const Versions& path) {
  return IsFile(path.base->mode) && IsFile(path.ours->mode) && IsFile(path.theirs->mode);
}

Paths Join(const std::vector<TreeEntry>& base, const std::vector<TreeEntry>& ours,
           const std::vector<TreeEntry>& theirs) {
  Paths paths;
  for (const TreeEntry& entry : base) paths[entry.path].base = &entry;
  for (const TreeEntry& entry : ours) paths[entry.path].ours = &entry;
  for (const TreeEntry& entry : theirs) paths[entry.path].theirs = &entry;
  return paths;
}

class Merger {
 public:
  explicit Merger(Repository& repository) : repository_(repository) {}

  absl::Status Add(const Versions& path) {
    if (IsSame(path.ours, path.theirs) || IsSame(path.theirs, path.base)) return Take(path.ours);
    if (IsSame(path.ours, path.base)) return Take(path.theirs);
    if (path.ours == nullptr || path.theirs == nullptr) {
      return Refuse(path, ConflictKind::kChangedAndRemoved);
    }
    if (path.base == nullptr) return Refuse(path, ConflictKind::kBothAdded);
    return MergeBoth(path);
  }

  // A file on one side and files below that name on the other: the folder stays.
  MergeResult Finish() {
    std::unordered_set<std::string_view> folders;
    for (const TreeEntry& file : result_.files) {
      const std::string_view path = file.path;
      for (size_t at = path.find('/'); at != path.npos; at = path.find('/', at + 1)) {
        folders.insert(path.substr(0, at));
      }
    }
    std::vector<TreeEntry> kept;
    for (const TreeEntry& file : result_.files) {
      if (folders.contains(file.path)) {
        result_.conflicts.push_back({file.path, ConflictKind::kFileAndFolder});
      } else {
        kept.push_back(file);
      }
    }
    result_.files = std::move(kept);
    std::ranges::sort(result_.conflicts, {}, &MergeConflict::path);
    return std::move(result_);
  }

 private:
  absl::Status Take(const TreeEntry* entry) {
    if (entry != nullptr) result_.files.push_back(*entry);
    return absl::OkStatus();
  }

  absl::Status Refuse(const Versions& path, ConflictKind kind) {
    const TreeEntry* const entry = path.ours != nullptr ? path.ours : path.theirs;
    result_.conflicts.push_back({entry->path, kind});
    return absl::OkStatus();
  }

  absl::Status MergeBoth(const Versions& path) {
    const auto mode = MergeValue(path.base->mode, path.ours->mode, path.theirs->mode);
    auto blob = MergeValue(path.base->blob, path.ours->blob, path.theirs->blob);
    if (!blob && AreFiles(path)) {
      MREG_ASSIGN_OR_RETURN(
          blob, MergeText(repository_, path.base->blob, path.ours->blob, path.theirs->blob));
    }
    if (!mode || !blob) return Refuse(path, ConflictKind::kBothChanged);
    result_.files.push_back({path.ours->path, *mode, *blob});
    return absl::OkStatus();
  }

  Repository& repository_;
  MergeResult result_;
};

}  // namespace

absl::StatusOr<MergeResult> MergeFiles(Repository& repository, const std::vector<TreeEntry>& base,
                                       const std::vector<TreeEntry>& ours,
                                       const std::vector<TreeEntry>& theirs) {
  Merger merger(repository);
  for (const auto& [path, versions] : Join(base, ours, theirs)) {
    MREG_RETURN_IF_ERROR(Annotate(merger.Add(versions), fmt::format("merge '{}'", path)));
  }
  return merger.Finish();
}

}  // namespace mreg::history
