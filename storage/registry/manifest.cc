#include "storage/registry/manifest.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include "schema/base/sha256.h"
#include "schema/base/status.h"
#include "storage/history/lfs_pointer.h"

namespace mreg::registry {
namespace {

bool IsUtf8(ByteView text) {
  while (!text.empty()) {
    utf8proc_int32_t c = 0;
    const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                         static_cast<utf8proc_ssize_t>(text.size()), &c);
    if (length <= 0) return false;
    text.remove_prefix(static_cast<size_t>(length));
  }
  return true;
}

absl::StatusOr<ManifestEntry> EntryOf(const history::Repository& repository,
                                      const history::TreeEntry& file) {
  MREG_ASSIGN_OR_RETURN(const history::RawObject blob, repository.ReadObject(file.blob));
  ManifestEntry entry;
  entry.path = file.path;
  entry.mode = file.mode;
  entry.blob = file.blob;
  if (const auto pointer = history::ParseLfsPointer(blob.data)) {
    entry.size = pointer->size;
    entry.digest = pointer->artifact;
    entry.is_artifact = true;
  } else {
    entry.size = blob.data.size();
    entry.digest = IdOf<ArtifactId>(blob.data);
  }
  return entry;
}

absl::StatusOr<Manifest> ManifestOf(const history::Repository& repository,
                                    const std::vector<history::TreeEntry>& files) {
  Manifest manifest;
  manifest.files.reserve(files.size());
  for (const history::TreeEntry& file : files) {
    MREG_ASSIGN_OR_RETURN(ManifestEntry entry, EntryOf(repository, file));
    manifest.files.push_back(std::move(entry));
  }
  return manifest;
}

}  // namespace

bool IsText(ByteView content) {
  return content.size() <= kMaxTextBytes && content.find('\0') == ByteView::npos &&
         IsUtf8(content) && !history::ParseLfsPointer(content);
}

absl::StatusOr<Manifest> ReadManifest(const history::Repository& repository,
                                      const CommitId& commit) {
  MREG_ASSIGN_OR_RETURN(const auto files, repository.ReadFiles(commit));
  MREG_ASSIGN_OR_RETURN(Manifest manifest, ManifestOf(repository, files));
  manifest.commit = commit;
  return manifest;
}

absl::StatusOr<ManifestDigest> DigestOfTree(const history::Repository& repository,
                                            const ObjectId& tree) {
  MREG_ASSIGN_OR_RETURN(const auto files, repository.ReadTree(tree));
  MREG_ASSIGN_OR_RETURN(const Manifest manifest, ManifestOf(repository, files));
  return DigestOf(manifest);
}

std::string FormatManifest(const Manifest& manifest) {
  std::string text = "mreg-manifest-v1\n";
  for (const ManifestEntry& file : manifest.files) {
    text += fmt::format("{:06o} {} {} {}\n", static_cast<uint32_t>(file.mode), file.digest.ToHex(),
                        file.size, file.path);
  }
  return text;
}

ManifestDigest DigestOf(const Manifest& manifest) {
  return IdOf<ManifestDigest>(FormatManifest(manifest));
}

}  // namespace mreg::registry
