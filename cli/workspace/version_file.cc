#include "cli/workspace/version_file.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "schema/base/sha256.h"
#include "schema/base/status.h"

namespace mreg::workspace {
namespace {

constexpr size_t kReadBytes = 1 << 20;

absl::StatusOr<ArtifactId> HashOf(const WorkFile& file) {
  Sha256 hash;
  Bytes buffer(static_cast<size_t>(std::min<uint64_t>(kReadBytes, file.size() + 1)), '\0');
  for (uint64_t offset = 0;;) {
    MREG_ASSIGN_OR_RETURN(const size_t got, file.ReadAt(offset, buffer));
    if (got == 0) break;
    hash.Update(ByteView(buffer).substr(0, got));
    offset += got;
  }
  return ArtifactId::FromBytes(hash.Finish());
}

}  // namespace

absl::StatusOr<VersionContent> ReadContent(const history::Repository& history,
                                           const history::TreeEntry& entry) {
  MREG_ASSIGN_OR_RETURN(history::RawObject blob, history.ReadObject(entry.blob));
  VersionContent content;
  content.artifact = history::ParseLfsPointer(blob.data);
  if (!content.artifact) content.text = std::move(blob.data);
  return content;
}

absl::StatusOr<bool> HasContent(const WorkFile& file, const VersionContent& content) {
  if (file.size() != content.size()) return false;
  bool is_same = false;
  if (content.artifact) {
    MREG_ASSIGN_OR_RETURN(const ArtifactId hash, HashOf(file));
    is_same = hash == content.artifact->artifact;
  } else {
    MREG_ASSIGN_OR_RETURN(const Bytes text, file.ReadAll());
    is_same = text == content.text;
  }
  MREG_RETURN_IF_ERROR(file.CheckUnchanged());
  return is_same;
}

absl::StatusOr<Comparison> Compare(const WorkTree& tree, const history::Repository& history,
                                   const history::TreeEntry& entry) {
  using Kind = Comparison::Kind;
  MREG_ASSIGN_OR_RETURN(const auto info, tree.Look(entry.path));
  if (!info || S_ISDIR(info->st_mode)) return Comparison{Kind::kAbsent, {}};
  if (!S_ISREG(info->st_mode) || ModeOf(*info) != entry.mode)
    return Comparison{Kind::kDifferent, {}};
  MREG_ASSIGN_OR_RETURN(const auto file, tree.OpenFile(entry.path));
  MREG_ASSIGN_OR_RETURN(const VersionContent content, ReadContent(history, entry));
  const auto is_same = HasContent(*file, content);
  // Somebody is writing it: whatever it becomes, it is not what was staged.
  if (absl::IsAborted(is_same.status())) return Comparison{Kind::kDifferent, {}};
  if (!is_same.ok()) return is_same.status();
  return Comparison{*is_same ? Kind::kSame : Kind::kDifferent, file->stamp()};
}

absl::StatusOr<Comparison> CompareStaged(const WorkTree& tree, const history::Repository& history,
                                         const history::StagingIndex& index,
                                         const history::StagedFile& staged) {
  MREG_ASSIGN_OR_RETURN(const auto info, tree.Look(staged.entry.path));
  if (info && S_ISREG(info->st_mode) && ModeOf(*info) == staged.entry.mode) {
    const history::FileStamp stamp = history::StampOf(*info);
    if (index.IsUnchanged(staged, stamp)) return Comparison{Comparison::Kind::kSame, stamp};
  }
  return Compare(tree, history, staged.entry);
}

}  // namespace mreg::workspace
