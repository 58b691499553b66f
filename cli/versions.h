// The files of a version, of the index and of the work tree in one form, so that any two can be
// compared.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "cli/workspace/workspace.h"
#include "schema/base/file_system.h"
#include "storage/registry/manifest.h"

namespace mreg::cli {

struct FileState {
  uint64_t size = 0;  // bytes
  ArtifactId digest;  // SHA-256 of the content
  bool is_artifact = false;
  ObjectId blob;          // the text or the pointer; not of a file in the work tree
  std::string work_path;  // where the content is, of a file in the work tree; else empty
};

using FileStates = std::map<std::string, FileState>;  // by path

absl::StatusOr<FileStates> FilesOfCommit(const history::Repository& history,
                                         const CommitId& commit);
absl::StatusOr<FileStates> FilesOfIndex(workspace::Workspace& workspace);
// Of the files that are tracked. Those that differ from the index are read and hashed.
absl::StatusOr<FileStates> FilesOfWorkTree(workspace::Workspace& workspace);

struct FileDifference {
  std::string path;
  workspace::Change change;
  std::optional<FileState> before, after;
};
std::vector<FileDifference> Compare(const FileStates& before, const FileStates& after);

// The content of a text file; nothing if it is none, or not there.
absl::StatusOr<std::optional<std::string>> ReadText(workspace::Workspace& workspace,
                                                    const FileState& file);

// A file's content; null for an artifact that is not here. `workspace` outlives it.
absl::StatusOr<std::unique_ptr<ReadableFile>> OpenContent(workspace::Workspace& workspace,
                                                          const FileState& file);

// Whether there is one at `path`; opening anything else might wait for ever.
bool IsRegularFile(const std::string& path);

}  // namespace mreg::cli
