// For each term the entries that have it: in memory, and in the tables terms and labels.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/bytes.h"
#include "storage/catalog/bitmap.h"
#include "storage/catalog/common_counter.h"
#include "storage/sqlite/database.h"

namespace mreg::catalog {

struct TermChange {
  std::string label;  // how the value was written, where that is not as in the term; of a new one
  std::vector<EntryId> added, removed;
};

// By term. An entry that is added is not removed, and the other way round.
using TermChanges = std::map<std::string, TermChange, std::less<>>;

struct TermCount {
  std::string label;
  uint64_t entries = 0;
};

// Not thread-safe.
class TermIndex {
 public:
  // `database` outlives it. DataLoss if a row is none.
  static absl::StatusOr<TermIndex> Load(const sqlite::Database& database);

  // Into the tables, within the caller's transaction; once that is committed, Accept.
  absl::Status Write(const TermChanges& changes);
  void Accept(const TermChanges& changes);

  // Empty for a term that no entry has.
  const Bitmap& Find(std::string_view term) const;
  // The values of `key` that entries of `match` have, at most `most`, the most frequent first.
  std::vector<TermCount> Count(std::string_view key, const CommonCounter& match, size_t most) const;

 private:
  struct Term {
    Bitmap entries;
    uint64_t count = 0;  // of entries
    std::string label;   // "": as in the term
  };

  absl::Status LoadLabels(const sqlite::Database& database);
  absl::Status WriteBlocks(std::string_view term, const TermChange& change);

  std::map<std::string, Term, std::less<>> terms_;
  sqlite::Statement write_block_, write_label_;
};

}  // namespace mreg::catalog
