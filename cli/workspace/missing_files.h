// Which files of a version the store lacks. Internal to cli/workspace.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/workspace/clone.h"
#include "storage/history/repository.h"

namespace mreg::workspace {

struct MissingFile {
  std::string path;
  ArtifactId artifact;
};

struct FileSupply {
  uint64_t total_bytes = 0;          // of all the files
  std::vector<MissingFile> missing;  // in the order of the entries
};

// What it takes to write `entries`. The store is opened only if there are artifacts among them.
// NotFound, naming the file, if the history lacks a blob.
absl::StatusOr<FileSupply> FindSupply(Clone& clone, std::span<const history::TreeEntry> entries);

// Each once.
std::vector<ArtifactId> ArtifactsOf(std::span<const MissingFile> files);

// NotFound, naming the files, if any is missing; else how many bytes `entries` are.
absl::StatusOr<uint64_t> RequireSupply(Clone& clone, std::span<const history::TreeEntry> entries);

}  // namespace mreg::workspace
