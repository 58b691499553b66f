// A version's canonical list of files, and what it takes for a file to be text or an artifact.
// Specification: docs/formats/manifest.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "schema/base/bytes.h"
#include "schema/base/ids.h"
#include "storage/history/repository.h"

namespace mreg::registry {

struct ManifestEntry {
  std::string path;
  history::FileMode mode = history::FileMode::kRegular;
  uint64_t size = 0;  // bytes
  // SHA-256 of the file's content: an artifact's id, or a text file's hash.
  ArtifactId digest;
  bool is_artifact = false;  // false: the content is the git blob itself
  ObjectId blob;             // the text, or the git-lfs pointer
};

struct Manifest {
  CommitId commit;
  std::vector<ManifestEntry> files;  // sorted by path as bytes
};

// Text of up to this many bytes is a git blob; everything else is an artifact.
inline constexpr uint64_t kMaxTextBytes = 1 << 20;

// True for what is kept as a git blob: UTF-8 without NUL, small enough, and not itself of the form
// of a git-lfs pointer (which would be taken for the file it names).
bool IsText(ByteView content);

absl::StatusOr<Manifest> ReadManifest(const history::Repository& repository,
                                      const CommitId& commit);

// The digest of every version whose tree is `tree`. Errors as of ReadManifest.
absl::StatusOr<ManifestDigest> DigestOfTree(const history::Repository& repository,
                                            const ObjectId& tree);

// The canonical text, whose SHA-256 is the version's digest.
std::string FormatManifest(const Manifest& manifest);
ManifestDigest DigestOf(const Manifest& manifest);

}  // namespace mreg::registry
