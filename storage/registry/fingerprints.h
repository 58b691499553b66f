// Models' fingerprints, from what a registry keeps. Internal to storage/registry.
#pragma once

#include <memory>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "storage/catalog/lineage.h"
#include "storage/content/content_store.h"
#include "storage/registry/manifest.h"
#include "storage/registry/model_traits.h"

namespace mreg::registry {

// Not thread-safe.
class Fingerprints {
 public:
  // `content` outlives it.
  explicit Fingerprints(const content::ContentStore& content) : content_(content) {}

  // What the file `model` is; once for each, before Of.
  void Note(const ArtifactId& model, ModelOutline outline) {
    outlines_[model] = std::move(outline);
  }
  void Forget() {
    outlines_.clear();
    made_.clear();
  }

  // Of a file of the version with this manifest, from which external data comes: the beginnings of
  // its largest tensors are read. Content that is missing or damaged tells nothing.
  absl::StatusOr<std::optional<catalog::Fingerprint>> Of(const ManifestEntry& model,
                                                         const Manifest& manifest);

 private:
  absl::StatusOr<catalog::Fingerprint> Make(const ManifestEntry& model, const Manifest& manifest,
                                            const ModelOutline& outline) const;

  const content::ContentStore& content_;
  absl::flat_hash_map<ArtifactId, ModelOutline> outlines_;
  absl::flat_hash_map<Bytes, catalog::Fingerprint> made_;  // by identity
};

}  // namespace mreg::registry
