// Which edges of lineage lead from a version: the rule that chooses among what the catalog knows,
// docs/formats/lineage.md. Internal to storage/registry.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "storage/catalog/catalog.h"
#include "storage/registry/lineage.h"

namespace mreg::registry {

// As far as one caller may read. What was asked is remembered. Not thread-safe.
class LineageEdges {
 public:
  // `catalog` outlives it.
  LineageEdges(const catalog::Catalog& catalog, std::optional<std::string> readable,
               double least_confidence)
      : catalog_(catalog), readable_(std::move(readable)), least_confidence_(least_confidence) {}

  using Places = std::vector<catalog::VersionPlace>;
  // Empty for a version that is not here.
  absl::StatusOr<const Places*> PlacesOf(const CommitId& version);

  struct Up {
    std::vector<LineageEdge> edges;
    std::vector<std::pair<CommitId, std::string>> absent;  // declared by these names, not here
  };
  // Parents, declared sources and, for models that none of those explains, inferred ones.
  absl::StatusOr<const Up*> SourcesOf(const CommitId& version);

  // The edges whose source is `version`; at most `most` children of each model, and as many by
  // declaration and in git. With `has_all`, as for the version that is asked about, also those of
  // all versions that have the same models, as if they led to `version`.
  absl::StatusOr<std::vector<LineageEdge>> DerivedFrom(const CommitId& version, bool has_all,
                                                       size_t most);

 private:
  struct Candidate;
  // Models, and how confident another one of their family must be to be told besides.
  using Explained = std::vector<std::pair<catalog::ModelNumber, double>>;

  absl::StatusOr<const std::vector<catalog::Likeness>*> LikenessesOf(catalog::ModelNumber model);
  // The oldest version that has the model first; nothing if none may be read.
  absl::StatusOr<std::optional<catalog::FirstVersion>> OriginOf(catalog::ModelNumber model);
  absl::StatusOr<std::optional<double>> ConfidenceOf(catalog::ModelNumber model,
                                                     catalog::ModelNumber other);
  absl::StatusOr<std::string> PathOf(const CommitId& version, catalog::ModelNumber model);

  absl::StatusOr<bool> Says(const CommitId& version, const CommitId& source);
  absl::Status AddStated(const CommitId& version, Up& up);
  absl::Status AddInferred(const CommitId& version, const catalog::VersionPlace& place,
                           const std::vector<catalog::ModelNumber>& stated, Up& up);
  absl::StatusOr<std::vector<Candidate>> CandidatesFor(catalog::ModelNumber model,
                                                       const catalog::FirstVersion& origin);
  absl::StatusOr<bool> IsExplained(const Candidate& candidate, const Explained& explained);

  const catalog::Catalog& catalog_;
  const std::optional<std::string> readable_;
  const double least_confidence_;
  // Values stay where they are.
  template <typename Key, typename Value>
  using Known = absl::flat_hash_map<Key, std::unique_ptr<Value>>;
  Known<CommitId, Places> places_;
  Known<CommitId, Up> up_;
  Known<catalog::ModelNumber, std::vector<catalog::Likeness>> likenesses_;
  absl::flat_hash_map<catalog::ModelNumber, std::optional<catalog::FirstVersion>> origins_;
};

}  // namespace mreg::registry
