#include "storage/registry/fingerprints.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "schema/base/sha256.h"
#include "schema/base/status.h"
#include "storage/content/encoding/sketch.h"
#include "storage/content/recipe.h"
#include "storage/registry/likeness.h"
#include "storage/registry/path_rules.h"

namespace mreg::registry {
namespace {

const ManifestEntry* FindEntry(const Manifest& manifest, const std::string& path) {
  const auto found = std::ranges::lower_bound(manifest.files, path, {}, &ManifestEntry::path);
  return found != manifest.files.end() && found->path == path ? &*found : nullptr;
}

// The model's own digest; with those of its external data, where it has any.
Bytes IdentityOf(const ManifestEntry& model, const Manifest& manifest,
                 const ModelOutline& outline) {
  if (outline.external.empty()) return Bytes(model.digest.bytes());
  Sha256 hash;
  hash.Update(model.digest.bytes());
  for (const std::string& location : outline.external) {
    const ManifestEntry* const file = FindEntry(manifest, PathBeside(model.path, location));
    hash.Update(file != nullptr ? file->digest.bytes() : ArtifactId().bytes());
  }
  return hash.Finish();
}

// The tensors of one file, by where they lie.
class TensorsOfFile {
 public:
  TensorsOfFile(const content::ContentStore& content, content::Recipe recipe)
      : content_(content), recipe_(std::move(recipe)) {
    const auto ranges = content::TensorRangesOf(recipe_);
    for (size_t i = 0; i < ranges.size(); ++i) numbers_[{ranges[i].offset, ranges[i].length}] = i;
  }

  // Leaves `traits` as they are where the content tells nothing.
  absl::Status Describe(const TensorLocation& place, TensorTraits& traits) const {
    const auto number = numbers_.find({place.offset, place.length});
    if (number == numbers_.end()) return absl::OkStatus();
    const content::StoredTensor tensor =
        content::TensorOf(recipe_, recipe_.tensors[number->second]);
    if (tensor.chunks.empty()) return absl::OkStatus();
    const auto head = content_.Get(tensor.chunks.front());
    if (absl::IsNotFound(head.status()) || absl::IsDataLoss(head.status())) {
      return absl::OkStatus();
    }
    MREG_RETURN_IF_ERROR(head.status());
    const auto sketch = encoding::SketchOf(*head, traits.type);
    if (!sketch) return absl::OkStatus();
    traits.content = ShortHash(JoinIds(tensor.chunks));
    traits.sketch = sketch->bits;
    traits.doubtful = sketch->doubtful;
    return absl::OkStatus();
  }

 private:
  const content::ContentStore& content_;
  const content::Recipe recipe_;
  std::map<std::pair<uint64_t, uint64_t>, size_t> numbers_;  // by offset and length
};

}  // namespace

absl::StatusOr<std::optional<catalog::Fingerprint>> Fingerprints::Of(const ManifestEntry& model,
                                                                     const Manifest& manifest) {
  const auto outline = outlines_.find(model.digest);
  if (outline == outlines_.end()) return std::nullopt;
  const auto [made, is_new] = made_.try_emplace(IdentityOf(model, manifest, outline->second));
  if (is_new) {
    made->second.identity = made->first;
    MREG_ASSIGN_OR_RETURN(made->second, Make(model, manifest, outline->second));
  }
  return made->second;
}

absl::StatusOr<catalog::Fingerprint> Fingerprints::Make(const ManifestEntry& model,
                                                        const Manifest& manifest,
                                                        const ModelOutline& outline) const {
  std::map<std::string, std::optional<TensorsOfFile>> files;  // by path
  ModelTraits traits = outline.traits;
  for (size_t i = 0; i < traits.tensors.size(); ++i) {
    const TensorLocation& place = outline.places[i];
    const std::string path = place.location ? PathBeside(model.path, *place.location) : model.path;
    const auto [file, is_new] = files.try_emplace(path);
    if (const ManifestEntry* const entry = FindEntry(manifest, path); is_new && entry != nullptr) {
      MREG_ASSIGN_OR_RETURN(auto recipe, content_.FindRecipe(entry->digest));
      if (recipe) file->second.emplace(content_, *std::move(recipe));
    }
    if (file->second) MREG_RETURN_IF_ERROR(file->second->Describe(place, traits.tensors[i]));
  }
  return catalog::Fingerprint{IdentityOf(model, manifest, outline), SerializeTraits(traits),
                              KeysOf(traits)};
}

}  // namespace mreg::registry
