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

enum class TextColumn : uint8_t { kAny, kName };

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

  // Of the entries up to `last`, which are committed. Any text is a phrase: none has a meaning to
  // FTS5. Letters are compared without case and diacritics; one without letters is found nowhere.
  absl::StatusOr<Bitmap> Find(std::string_view phrase, TextColumn column, EntryId last);

 private:
  struct Found {
    Bitmap entries;
    EntryId last = 0;
  };

  absl::flat_hash_map<std::string, Found> found_;  // by FTS5's expression
  sqlite::Statement insert_, select_;
};

}  // namespace mreg::catalog
