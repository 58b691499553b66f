// What the catalog is told of a repository's versions. Internal to storage/registry.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "schema/targets/target_set.h"
#include "storage/catalog/catalog.h"
#include "storage/content/content_store.h"
#include "storage/history/repository.h"
#include "storage/registry/manifest.h"

namespace mreg::registry {

// Of one repository. What it makes is true of the moment at which references were read. Not
// thread-safe.
class CatalogEntries {
 public:
  // What is passed by reference outlives it.
  CatalogEntries(std::string name, const history::Repository& history,
                 const content::ContentStore& content, std::span<const targets::Target> targets)
      : name_(std::move(name)), history_(history), content_(content), targets_(targets) {}

  // The versions that are not among `known`, which one is the latest, and, if `lost` says that some
  // may not be reachable any more, which are.
  absl::StatusOr<catalog::RepositoryUpdate> Update(const std::vector<CommitId>& known, bool lost);

 private:
  absl::StatusOr<std::vector<CommitId>> Tips() const;
  absl::Status AddVersion(const history::Commit& commit, std::vector<catalog::Entry>& entries);
  // An entry that says what the file's model is; nothing if it is none or not here.
  absl::StatusOr<const catalog::Entry*> Describe(const ManifestEntry& file);

  const std::string name_;
  const history::Repository& history_;
  const content::ContentStore& content_;
  const std::span<const targets::Target> targets_;
  absl::flat_hash_map<ArtifactId, std::optional<catalog::Entry>> described_;
};

}  // namespace mreg::registry
