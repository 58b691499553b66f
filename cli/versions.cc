#include "cli/versions.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <utility>
#include <vector>

#include "schema/base/bytes_file.h"
#include "schema/base/file_system.h"
#include "schema/base/sha256.h"
#include "schema/base/status.h"
#include "storage/content/stored_file.h"
#include "storage/history/lfs_pointer.h"
#include "storage/history/staging_index.h"

namespace mreg::cli {
namespace {

absl::StatusOr<FileState> StateOfBlob(const history::Repository& history, const ObjectId& blob) {
  MREG_ASSIGN_OR_RETURN(const history::RawObject object, history.ReadObject(blob));
  FileState state{object.data.size(), {}, false, blob, ""};
  if (const auto pointer = history::ParseLfsPointer(object.data)) {
    state.size = pointer->size;
    state.digest = pointer->artifact;
    state.is_artifact = true;
  } else {
    state.digest = IdOf<ArtifactId>(object.data);
  }
  return state;
}

absl::StatusOr<ArtifactId> HashFile(const ReadableFile& file, uint64_t size) {
  constexpr size_t kBlockBytes = 1 << 20;
  std::vector<char> block(kBlockBytes);
  Sha256 hash;
  for (uint64_t offset = 0; offset < size;) {
    MREG_ASSIGN_OR_RETURN(const size_t got, file.ReadAt(offset, block));
    if (got == 0) return absl::AbortedError("it shrinks while it is read");
    hash.Update({block.data(), got});
    offset += got;
  }
  return ArtifactId::FromBytes(hash.Finish());
}

// Nothing for what is no regular file: reading a named pipe would wait for ever.
absl::StatusOr<std::optional<FileState>> StateOfFile(const std::string& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  MREG_ASSIGN_OR_RETURN(const auto file, PosixFileSystem().OpenRead(path));
  MREG_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  const auto digest = HashFile(*file, size);
  if (!digest.ok()) return Annotate(digest.status(), fmt::format("read {}", path));
  return FileState{size, *digest, size > registry::kMaxTextBytes, {}, path};
}

}  // namespace

absl::StatusOr<FileStates> FilesOfCommit(const history::Repository& history,
                                         const CommitId& commit) {
  MREG_ASSIGN_OR_RETURN(const registry::Manifest manifest, registry::ReadManifest(history, commit));
  FileStates files;
  for (const registry::ManifestEntry& file : manifest.files) {
    files[file.path] = {file.size, file.digest, file.is_artifact, file.blob, ""};
  }
  return files;
}

absl::StatusOr<FileStates> FilesOfIndex(workspace::Workspace& workspace) {
  MREG_ASSIGN_OR_RETURN(const auto index, history::OpenStagingIndex(workspace.git_directory()));
  FileStates files;
  for (const history::StagedFile& file : index->files()) {
    MREG_ASSIGN_OR_RETURN(files[file.entry.path],
                          StateOfBlob(workspace.history(), file.entry.blob));
  }
  return files;
}

absl::StatusOr<FileStates> FilesOfWorkTree(workspace::Workspace& workspace) {
  MREG_ASSIGN_OR_RETURN(const workspace::StatusReport status, workspace.Status());
  MREG_ASSIGN_OR_RETURN(FileStates files, FilesOfIndex(workspace));
  for (const workspace::ChangedFile& changed : status.unstaged) {
    MREG_ASSIGN_OR_RETURN(const auto state, StateOfFile(JoinPath(workspace.root(), changed.path)));
    if (state) {
      files[changed.path] = *state;
    } else {
      files.erase(changed.path);
    }
  }
  return files;
}

std::vector<FileDifference> Compare(const FileStates& before, const FileStates& after) {
  std::vector<FileDifference> differences;
  auto old = before.begin();
  auto now = after.begin();
  while (old != before.end() || now != after.end()) {
    if (now == after.end() || (old != before.end() && old->first < now->first)) {
      differences.push_back({old->first, workspace::Change::kRemoved, old->second, std::nullopt});
      ++old;
    } else if (old == before.end() || now->first < old->first) {
      differences.push_back({now->first, workspace::Change::kAdded, std::nullopt, now->second});
      ++now;
    } else {
      if (old->second.digest != now->second.digest) {
        differences.push_back({now->first, workspace::Change::kModified, old->second, now->second});
      }
      ++old;
      ++now;
    }
  }
  return differences;
}

absl::StatusOr<std::optional<std::string>> ReadText(workspace::Workspace& workspace,
                                                    const FileState& file) {
  if (file.is_artifact) return std::nullopt;
  if (file.work_path.empty()) {
    MREG_ASSIGN_OR_RETURN(history::RawObject blob, workspace.history().ReadObject(file.blob));
    return std::move(blob.data);
  }
  MREG_ASSIGN_OR_RETURN(std::string text,
                        ReadSmallFile(PosixFileSystem(), file.work_path, registry::kMaxTextBytes));
  if (!registry::IsText(text)) return std::nullopt;
  return text;
}

absl::StatusOr<std::unique_ptr<ReadableFile>> OpenContent(workspace::Workspace& workspace,
                                                          const FileState& file) {
  if (!file.work_path.empty()) return PosixFileSystem().OpenRead(file.work_path);
  if (!file.is_artifact) {
    MREG_ASSIGN_OR_RETURN(history::RawObject blob, workspace.history().ReadObject(file.blob));
    return std::make_unique<BytesFile>(std::move(blob.data));
  }
  MREG_ASSIGN_OR_RETURN(registry::LocalStore* const store, workspace.store());
  MREG_ASSIGN_OR_RETURN(auto recipe, store->content().FindRecipe(file.digest));
  if (!recipe) return nullptr;
  return content::OpenStored(store->content(), *std::move(recipe));
}

bool IsRegularFile(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

}  // namespace mreg::cli
