// git's index as a file: read and written whole through libgit2, under git's lock. For this room's
// sources only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/bytes.h"
#include "storage/history/staging_index.h"

namespace mreg::history {

struct IndexContent {
  std::vector<StagedFile> files;  // sorted by path
  Bytes checksum;                 // which writing of the file this is; empty: there is no file
  // No later than when the file was written, in 32 bits as stamps are; 0 if there is no file.
  int64_t written_seconds = 0;
};

absl::StatusOr<IndexContent> ReadIndexFile(const std::string& path);

// Replaces the file by `files`, in the order of their paths, and says what it is now (without
// the files). Errors as
// StagingIndex::Save; Aborted unless the file is still the one of `expected_checksum`.
absl::StatusOr<IndexContent> WriteIndexFile(const std::string& path,
                                            const std::vector<StagedFile>& files,
                                            const Bytes& expected_checksum);

}  // namespace mreg::history
