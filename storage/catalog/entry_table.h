// The tables of repositories, entries and models' facts.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/ids.h"
#include "storage/catalog/bitmap.h"
#include "storage/catalog/catalog.h"
#include "storage/catalog/entry.h"
#include "storage/sqlite/database.h"

namespace mreg::catalog {

// By number, then by id.
using NumberColumns = std::array<std::vector<int64_t>, kNumbers>;

// Not thread-safe. What changes rows does so within the caller's transaction.
class EntryTable {
 public:
  // `database` outlives it.
  static absl::StatusOr<EntryTable> Open(const sqlite::Database& database);

  // The id of the repository `name`, which is added if it is new.
  absl::StatusOr<int64_t> AddRepository(std::string_view name);
  absl::Status Insert(EntryId id, int64_t repository, const Summary& summary);
  // The id that an entry of the same version and path had; 0 if there was none.
  absl::StatusOr<EntryId> Remove(int64_t repository, const Summary& same);
  // Unless it is there. Returns the result of its lint, "" where there is none.
  absl::StatusOr<std::string> AddModel(const ArtifactId& model, std::string_view facts,
                                       std::string_view verdicts);
  // Returns the result of the lint before.
  absl::StatusOr<std::string> SetLint(const ArtifactId& model, const LintRecord& lint);

  using Version = std::pair<EntryId, CommitId>;
  // By id.
  absl::StatusOr<std::vector<Version>> VersionsOf(std::string_view repository);
  absl::StatusOr<Hit> Read(EntryId id);
  absl::StatusOr<ModelRecord> ReadModel(const ArtifactId& model);
  // In ascending order.
  absl::StatusOr<std::vector<EntryId>> EntriesOf(const ArtifactId& model);
  absl::StatusOr<std::optional<EntryId>> NextToLint(std::string_view version);
  absl::StatusOr<NumberColumns> ReadNumbers();
  // 0 if there are none.
  absl::StatusOr<EntryId> LastId();

 private:
  absl::StatusOr<std::string> LintResult(const ArtifactId& model);

  sqlite::Statement add_repository_, find_repository_, insert_, remove_, add_model_, versions_,
      read_, model_, entries_of_, lint_result_, set_lint_, next_to_lint_, numbers_, last_;
};

}  // namespace mreg::catalog
