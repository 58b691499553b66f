// A file as a version has it, and whether the work tree's is the same.
#pragma once

#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "cli/workspace/work_file.h"
#include "cli/workspace/work_tree.h"
#include "schema/base/bytes.h"
#include "storage/history/lfs_pointer.h"
#include "storage/history/repository.h"
#include "storage/history/staging_index.h"

namespace mreg::workspace {

// What a blob stands for: an artifact, or its own text.
struct VersionContent {
  std::optional<history::LfsPointer> artifact;
  Bytes text;  // where it is no artifact
  uint64_t size() const { return artifact ? artifact->size : text.size(); }
};

absl::StatusOr<VersionContent> ReadContent(const history::Repository& history,
                                           const history::TreeEntry& entry);

// Whether `file` has the bytes that the blob stands for. Reads it only if the sizes are equal.
// Aborted if it changes meanwhile.
absl::StatusOr<bool> HasContent(const WorkFile& file, const VersionContent& content);

// What lies in the work tree where `entry` is expected.
struct Comparison {
  enum class Kind { kSame, kDifferent, kAbsent } kind;
  history::FileStamp stamp;  // of what was compared; where kSame
};

// Links and special files are different; in place of a file's folder, or of the file as a folder,
// there is no such file. Reads the file unless its mode or size tells.
absl::StatusOr<Comparison> Compare(const WorkTree& tree, const history::Repository& history,
                                   const history::TreeEntry& entry);

// The same for a file of the index, whose stamp saves reading it where nothing was touched.
absl::StatusOr<Comparison> CompareStaged(const WorkTree& tree, const history::Repository& history,
                                         const history::StagingIndex& index,
                                         const history::StagedFile& staged);

}  // namespace mreg::workspace
