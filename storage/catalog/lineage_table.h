// The tables of lineage: models' fingerprints, how alike they are, and what versions say.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/ids.h"
#include "storage/catalog/bitmap.h"
#include "storage/catalog/lineage.h"
#include "storage/sqlite/database.h"

namespace mreg::catalog {

// Not thread-safe. What changes rows does so within the caller's transaction.
class LineageTable {
 public:
  // `database` outlives it.
  static absl::StatusOr<LineageTable> Open(const sqlite::Database& database);

  absl::Status AddSources(const VersionSources& sources);
  // That the entry `id`, of a version of `repository` whose parents are `parents`, is this model.
  absl::Status AddModel(EntryId id, int64_t repository, std::span<const CommitId> parents,
                        const Fingerprint& fingerprint);
  // `model` is not in Uncompared any more.
  absl::Status AddLikenesses(ModelNumber model, std::span<const Likeness> likenesses);

  absl::StatusOr<std::vector<FingerprintedModel>> Uncompared(size_t most);
  absl::StatusOr<std::vector<FingerprintedModel>> Find(std::span<const uint64_t> keys,
                                                       ModelNumber before, size_t most);
  absl::StatusOr<std::vector<Likeness>> LikenessesOf(ModelNumber model, size_t most);

  // Only entries that are visible count.
  using IsVisible = std::function<bool(EntryId)>;
  // By repository, then path.
  absl::StatusOr<std::vector<VersionPlace>> PlacesOf(const CommitId& version,
                                                     const IsVisible& is_visible);
  absl::StatusOr<std::vector<SourceRow>> SourcesOf(const CommitId& version);
  absl::StatusOr<std::vector<CommitId>> MadeFrom(const CommitId& source,
                                                 const IsVisible& is_visible, size_t most);
  absl::StatusOr<std::vector<FirstVersion>> FirstVersionsOf(ModelNumber model,
                                                            const IsVisible& is_visible,
                                                            size_t most);

 private:
  absl::StatusOr<ModelNumber> NumberOf(const Fingerprint& fingerprint);
  absl::StatusOr<bool> Holds(int64_t repository, const CommitId& version, ModelNumber model);

  sqlite::Statement add_source_, add_fingerprint_, find_number_, add_key_, add_entry_, holds_,
      set_compared_, add_likeness_, uncompared_, find_, traits_, likenesses_, places_, sources_,
      made_from_, firsts_;
};

}  // namespace mreg::catalog
