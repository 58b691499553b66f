#include "storage/catalog/text_index.h"

#include <utility>
#include <vector>

#include "schema/base/status.h"
#include "storage/catalog/tables.h"

namespace mreg::catalog {
namespace {

constexpr size_t kMostRemembered = 512;

// FTS5's for `phrase`.
std::string Quoted(std::string_view phrase) {
  std::string text = "\"";
  for (const char c : phrase) {
    text += c;
    if (c == '"') text += c;
  }
  return text + "\"";
}

}  // namespace

absl::StatusOr<TextIndex> TextIndex::Open(const sqlite::Database& database) {
  TextIndex index;
  const std::pair<sqlite::Statement*, std::string_view> statements[] = {
      {&index.names_.insert, "INSERT INTO names (rowid, name) VALUES (?, ?)"},
      {&index.texts_.insert, "INSERT INTO texts (rowid, about, details) VALUES (?, ?, ?)"},
      {&index.names_.select,
       "SELECT rowid FROM names WHERE names MATCH ? AND rowid > ? ORDER BY rowid"},
      {&index.texts_.select,
       "SELECT rowid FROM texts WHERE texts MATCH ? AND rowid > ? ORDER BY rowid"},
  };
  for (const auto& [statement, sql] : statements) {
    MREG_ASSIGN_OR_RETURN(*statement, database.Prepare(sql));
  }
  return index;
}

absl::Status TextIndex::Add(EntryId id, const Texts& texts) {
  names_.insert.BindNumber(1, id);
  names_.insert.BindText(2, texts.name);
  MREG_RETURN_IF_ERROR(names_.insert.Run(kWriting));
  texts_.insert.BindNumber(1, id);
  texts_.insert.BindText(2, texts.about);
  texts_.insert.BindText(3, texts.details);
  return texts_.insert.Run(kWriting);
}

absl::StatusOr<Bitmap> TextIndex::Find(std::string_view phrase, EntryId last) {
  MREG_ASSIGN_OR_RETURN(Bitmap entries, Find(phrase, last, texts_));
  MREG_ASSIGN_OR_RETURN(const Bitmap named, FindInNames(phrase, last));
  entries |= named;
  return entries;
}

absl::StatusOr<Bitmap> TextIndex::FindInNames(std::string_view phrase, EntryId last) {
  return Find(phrase, last, names_);
}

absl::StatusOr<Bitmap> TextIndex::Find(std::string_view phrase, EntryId last, Table& table) {
  const std::string quoted = Quoted(phrase);
  if (table.found.size() >= kMostRemembered && !table.found.contains(quoted)) table.found.clear();
  Found& found = table.found[quoted];
  if (found.last == last) return found.entries;
  table.select.BindText(1, quoted);
  table.select.BindNumber(2, found.last);
  std::vector<EntryId> ids;
  while (true) {
    MREG_ASSIGN_OR_RETURN(const bool has_row, table.select.Step("search the catalog's texts"));
    if (!has_row) break;
    ids.push_back(static_cast<EntryId>(table.select.Number(0)));
  }
  found.entries.addMany(ids.size(), ids.data());
  found.last = last;
  return found.entries;
}

}  // namespace mreg::catalog
