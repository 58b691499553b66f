// Which entries have a phrase in their texts, through SQLite's FTS5.
#pragma once

#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/catalog/bitmap.h"
#include "storage/sqlite/database.h"

namespace mreg::catalog {

struct Texts {
  std::string_view name, about, details;
};

// Not thread-safe. Texts stay as they were added, so what a phrase was found in is remembered, and
// only later entries are looked through when it is asked for again.
class TextIndex {
 public:
  // `database` outlives it.
  static absl::StatusOr<TextIndex> Open(const sqlite::Database& database);

  // Within the caller's transaction. `id` is above those of all entries before.
  absl::Status Add(EntryId id, const Texts& texts);

  // Of the entries up to `last`, which are committed: those that have the phrase in any text, and
  // in the name. Any text is a phrase: none has a meaning to FTS5. Letters are compared without
  // case and diacritics; a phrase without letters and digits is found nowhere.
  absl::StatusOr<Bitmap> Find(std::string_view phrase, EntryId last);
  absl::StatusOr<Bitmap> FindInNames(std::string_view phrase, EntryId last);

 private:
  struct Found {
    Bitmap entries;
    EntryId last = 0;
  };
  struct Table {
    sqlite::Statement insert, select;
    absl::flat_hash_map<std::string, Found> found;  // by phrase
  };

  static absl::StatusOr<Bitmap> Find(std::string_view phrase, EntryId last, Table& table);

  // Apart, so that what names have is found without going through all cards.
  Table names_, texts_;
};

}  // namespace mreg::catalog
