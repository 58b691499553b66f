// What the catalog is told of a repository's versions. Internal to storage/registry.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "schema/base/file_system.h"
#include "schema/targets/target_set.h"
#include "storage/catalog/catalog.h"
#include "storage/content/content_store.h"
#include "storage/history/repository.h"
#include "storage/registry/attestations.h"
#include "storage/registry/fingerprints.h"
#include "storage/registry/manifest.h"

namespace mreg::registry {

// The content of a version's file; null where it is not here. All outlive it.
absl::StatusOr<std::unique_ptr<ReadableFile>> OpenModel(const history::Repository& history,
                                                        const content::ContentStore& content,
                                                        const ManifestEntry& file);

// Whether content cannot be read since it is damaged or was collected meanwhile, or is no model:
// such a file has nothing to tell; fsck says why.
bool HasNothingToTell(const absl::Status& status);

// Of one repository. Not thread-safe.
class CatalogEntries {
 public:
  // What is passed by reference outlives it.
  CatalogEntries(const history::Repository& history, const content::ContentStore& content,
                 std::span<const targets::Target> targets, const Attestations& attestations,
                 uint64_t number)
      : history_(history),
        content_(content),
        targets_(targets),
        attestations_(attestations),
        number_(number),
        fingerprints_(content) {}

  // Versions that are not among `known`, parents before children: whoever enters some of them in
  // this order may go on later with those known.
  absl::StatusOr<std::vector<CommitId>> NewVersions(const std::vector<CommitId>& known) const;

  // Those of `versions` that have one of `trees`, but for `entered`.
  absl::StatusOr<std::vector<CommitId>> VersionsWith(
      const absl::flat_hash_set<ObjectId>& trees, const absl::flat_hash_set<CommitId>& versions,
      const absl::flat_hash_set<CommitId>& entered) const;

  // Adds the entries of a version.
  absl::Status AddVersion(const CommitId& id, std::vector<catalog::Entry>& entries);

  // Adds what a version says that it was made from.
  absl::Status AddSources(const CommitId& id, std::vector<catalog::VersionSources>& sources) const;

  // Which version is the latest; and, if some may not be reachable any more, which are.
  absl::Status AddState(bool may_have_lost, catalog::RepositoryUpdate& update) const;

 private:
  absl::StatusOr<std::vector<CommitId>> Tips() const;
  // An entry that says what the file's model is; nothing if it is none or not here.
  absl::StatusOr<const catalog::Entry*> Describe(const ManifestEntry& file);

  const history::Repository& history_;
  const content::ContentStore& content_;
  const std::span<const targets::Target> targets_;
  const Attestations& attestations_;
  const uint64_t number_;      // the repository's
  Fingerprints fingerprints_;  // of those described
  // By model, so that one that many versions have is read once; emptied when it grows.
  absl::flat_hash_map<ArtifactId, std::optional<catalog::Entry>> described_;
};

}  // namespace mreg::registry
