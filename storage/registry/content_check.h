// Whether the content of what is pushed may enter. Internal to storage/registry.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "storage/content/content_store.h"
#include "storage/registry/content_rules.h"

namespace mreg::registry {

// A file of a version. Of text the id is that of its bytes, as if it were an artifact.
struct TreeFile {
  std::string_view path;
  ArtifactId artifact;
  uint64_t size = 0;
};

// For one push. Not thread-safe.
class ContentCheck {
 public:
  // Nothing for a file that is not here.
  using FindRecipe =
      std::function<absl::StatusOr<std::optional<content::Recipe>>(const ArtifactId& artifact)>;

  // What is passed by reference outlives it.
  ContentCheck(const content::ContentStore& content, const ContentRules& rules, std::string space,
               FindRecipe find_recipe)
      : content_(content),
        rules_(rules),
        space_(std::move(space)),
        find_recipe_(std::move(find_recipe)) {}

  // Inspects an artifact that is new to the namespace; its content has been proved.
  // InvalidArgument, with the reason, if it is unsafe, or a model that the rules refuse wherever
  // it lies.
  absl::Status CheckArtifact(std::string_view path, const content::Recipe& recipe);
  // The same for what git keeps itself: pickles and small models can be text.
  absl::Status CheckText(std::string_view path, const ArtifactId& id, ByteView text);

  // What depends on the files of a version, once each of them has been checked that is new:
  // where external data lies, and whether an unknown file is some model's.
  absl::Status CheckTree(std::span<const TreeFile> files);

 private:
  using Sizes = std::map<std::string, uint64_t, std::less<>>;  // of files, by their paths

  bool Refuses(ContentRule rule) const { return rules_.Refuses(space_, rule); }
  absl::Status Check(std::string_view path, const ArtifactId& id, const ReadableFile& file);
  absl::Status CheckModel(std::string_view path, const formats::OnnxFindings& findings) const;
  absl::Status CheckExternal(std::string_view path, const formats::OnnxFindings& findings,
                             const Sizes& sizes) const;
  absl::Status CheckUnknown(std::span<const TreeFile> files);
  absl::StatusOr<formats::ContentVerdict> VerdictOf(const ArtifactId& artifact);

  const content::ContentStore& content_;
  const ContentRules& rules_;
  const std::string space_;
  const FindRecipe find_recipe_;
  absl::flat_hash_map<ArtifactId, formats::ContentVerdict> new_;     // of files that were checked
  absl::flat_hash_map<ArtifactId, formats::ContentVerdict> others_;  // looked at for those
};

}  // namespace mreg::registry
