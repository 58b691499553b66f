#include "storage/catalog/text_index.h"

#include <vector>

#include "schema/base/status.h"
#include "storage/catalog/tables.h"

namespace mreg::catalog {
namespace {

constexpr size_t kMostRemembered = 512;

std::string Expression(std::string_view phrase, TextColumn column) {
  std::string text = column == TextColumn::kName ? "name : \"" : "\"";
  for (const char c : phrase) {
    text += c;
    if (c == '"') text += c;
  }
  return text + "\"";
}

}  // namespace

absl::StatusOr<TextIndex> TextIndex::Open(const sqlite::Database& database) {
  TextIndex index;
  MREG_ASSIGN_OR_RETURN(
      index.insert_,
      database.Prepare("INSERT INTO texts (rowid, name, about, details) VALUES (?, ?, ?, ?)"));
  MREG_ASSIGN_OR_RETURN(
      index.select_,
      database.Prepare("SELECT rowid FROM texts WHERE texts MATCH ? AND rowid > ? ORDER BY rowid"));
  return index;
}

absl::Status TextIndex::Add(EntryId id, const Texts& texts) {
  insert_.BindNumber(1, id);
  insert_.BindText(2, texts.name);
  insert_.BindText(3, texts.about);
  insert_.BindText(4, texts.details);
  return insert_.Run(kWriting);
}

absl::StatusOr<Bitmap> TextIndex::Find(std::string_view phrase, TextColumn column, EntryId last) {
  const std::string expression = Expression(phrase, column);
  if (found_.size() >= kMostRemembered && !found_.contains(expression)) found_.clear();
  Found& found = found_[expression];
  if (found.last == last) return found.entries;
  select_.BindText(1, expression);
  select_.BindNumber(2, found.last);
  std::vector<EntryId> ids;
  while (true) {
    MREG_ASSIGN_OR_RETURN(const bool has_row, select_.Step("search the catalog's texts"));
    if (!has_row) break;
    ids.push_back(static_cast<EntryId>(select_.Number(0)));
  }
  found.entries.addMany(ids.size(), ids.data());
  found.last = last;
  return found.entries;
}

}  // namespace mreg::catalog
