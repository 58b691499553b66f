#include "storage/catalog/entry_table.h"

#include "schema/base/status.h"
#include "storage/catalog/tables.h"

namespace mreg::catalog {
namespace {

constexpr Number kColumns[] = {Number::kSize, Number::kOpset, Number::kIr, Number::kParameters,
                               Number::kNodes};

constexpr std::string_view kRead =
    "SELECT name, commit_id, path, model, time, size, opset, ir, params, nodes, dtype, license,"
    " task FROM entries JOIN repositories ON repositories.id = entries.repository"
    " WHERE entries.id = ?";

constexpr std::string_view kVersions =
    "SELECT entries.id, commit_id FROM entries JOIN repositories"
    " ON repositories.id = entries.repository WHERE name = ? ORDER BY entries.id";

// One whose content was not there gets another chance.
constexpr std::string_view kAddModel =
    "INSERT INTO models VALUES (?, ?, ?, '', '', '')"
    " ON CONFLICT (digest) DO UPDATE SET lint_version = '' WHERE lint_result = 'absent'";

// Two ranges of the index.
constexpr std::string_view kNextToLint =
    "SELECT (SELECT max(id) FROM entries WHERE model = digest) AS entry FROM models"
    " WHERE lint_version < ?1 AND entry IS NOT NULL"
    " UNION ALL"
    " SELECT (SELECT max(id) FROM entries WHERE model = digest) AS entry FROM models"
    " WHERE lint_version > ?1 AND entry IS NOT NULL LIMIT 1";

absl::StatusOr<CommitId> Commit(const sqlite::Statement& row, int column) {
  auto commit = CommitId::FromBytes(row.Blob(column));
  if (!commit.ok()) return absl::DataLossError("a commit in the catalog is damaged");
  return commit;
}

absl::StatusOr<Hit> ToHit(const sqlite::Statement& row) {
  Hit hit;
  hit.repository = std::string(row.Text(0));
  Summary& summary = hit.summary;
  MREG_ASSIGN_OR_RETURN(summary.commit, Commit(row, 1));
  summary.path = std::string(row.Text(2));
  if (const auto model = ArtifactId::FromBytes(row.Blob(3)); model.ok()) summary.model = *model;
  summary.time = TimePoint(std::chrono::milliseconds(row.Number(4)));
  int column = 5;
  for (const Number number : kColumns) summary.numbers[number] = row.Number(column++);
  for (auto* text : {&summary.dtype, &summary.license, &summary.task}) {
    *text = std::string(row.Text(column++));
  }
  return hit;
}

}  // namespace

absl::StatusOr<EntryTable> EntryTable::Open(const sqlite::Database& database) {
  EntryTable table;
  const std::pair<sqlite::Statement*, std::string_view> statements[] = {
      {&table.add_repository_, "INSERT OR IGNORE INTO repositories (name) VALUES (?)"},
      {&table.find_repository_, "SELECT id FROM repositories WHERE name = ?"},
      {&table.insert_, "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
      {&table.remove_,
       "DELETE FROM entries WHERE repository = ? AND commit_id = ? AND path = ? RETURNING id"},
      {&table.add_model_, kAddModel},
      {&table.versions_, kVersions},
      {&table.read_, kRead},
      {&table.model_, "SELECT facts, verdicts, lint FROM models WHERE digest = ?"},
      {&table.entries_of_, "SELECT id FROM entries WHERE model = ? ORDER BY id"},
      {&table.lint_result_, "SELECT lint_result FROM models WHERE digest = ?"},
      {&table.set_lint_,
       "UPDATE models SET lint_version = ?2, lint_result = ?3, lint = ?4 WHERE digest = ?1"},
      {&table.next_to_lint_, kNextToLint},
      {&table.numbers_, "SELECT id, size, opset, ir, params, nodes FROM entries ORDER BY id"},
      {&table.last_, "SELECT coalesce(max(id), 0) FROM entries"},
  };
  for (const auto& [statement, sql] : statements) {
    MREG_ASSIGN_OR_RETURN(*statement, database.Prepare(sql));
  }
  return table;
}

absl::StatusOr<int64_t> EntryTable::AddRepository(std::string_view name) {
  add_repository_.BindText(1, name);
  MREG_RETURN_IF_ERROR(add_repository_.Run(kWriting));
  find_repository_.BindText(1, name);
  MREG_ASSIGN_OR_RETURN(const bool has_row, find_repository_.Step(kReading));
  if (!has_row) return absl::DataLossError("a repository's row in the catalog is missing");
  const int64_t id = find_repository_.Number(0);
  find_repository_.Reset();
  return id;
}

absl::Status EntryTable::Insert(EntryId id, int64_t repository, const Summary& summary) {
  insert_.BindNumber(1, id);
  insert_.BindNumber(2, repository);
  insert_.BindBlob(3, summary.commit.bytes());
  insert_.BindText(4, summary.path);
  insert_.BindBlob(5, summary.model ? summary.model->bytes() : ByteView());
  insert_.BindNumber(6, summary.time.time_since_epoch().count());
  int position = 7;
  for (const Number number : kColumns) insert_.BindNumber(position++, summary.numbers[number]);
  for (const auto* text : {&summary.dtype, &summary.license, &summary.task}) {
    insert_.BindText(position++, *text);
  }
  return insert_.Run(kWriting);
}

absl::StatusOr<EntryId> EntryTable::Remove(int64_t repository, const Summary& same) {
  remove_.BindNumber(1, repository);
  remove_.BindBlob(2, same.commit.bytes());
  remove_.BindText(3, same.path);
  MREG_ASSIGN_OR_RETURN(const bool has_row, remove_.Step(kWriting));
  if (!has_row) return 0;
  const auto id = static_cast<EntryId>(remove_.Number(0));
  MREG_RETURN_IF_ERROR(remove_.Run(kWriting));
  return id;
}

absl::StatusOr<std::string> EntryTable::AddModel(const ArtifactId& model, std::string_view facts,
                                                 std::string_view verdicts) {
  add_model_.BindBlob(1, model.bytes());
  add_model_.BindText(2, facts);
  add_model_.BindText(3, verdicts);
  MREG_RETURN_IF_ERROR(add_model_.Run(kWriting));
  return LintResult(model);
}

absl::StatusOr<std::string> EntryTable::LintResult(const ArtifactId& model) {
  lint_result_.BindBlob(1, model.bytes());
  MREG_ASSIGN_OR_RETURN(const bool has_row, lint_result_.Step(kReading));
  std::string result(has_row ? lint_result_.Text(0) : "");
  lint_result_.Reset();
  return result;
}

absl::StatusOr<std::string> EntryTable::SetLint(const ArtifactId& model, const LintRecord& lint) {
  MREG_ASSIGN_OR_RETURN(std::string before, LintResult(model));
  set_lint_.BindBlob(1, model.bytes());
  set_lint_.BindText(2, lint.version);
  set_lint_.BindText(3, lint.result);
  set_lint_.BindText(4, lint.verdict);
  MREG_RETURN_IF_ERROR(set_lint_.Run(kWriting));
  return before;
}

absl::StatusOr<std::vector<EntryTable::Version>> EntryTable::VersionsOf(
    std::string_view repository) {
  versions_.BindText(1, repository);
  std::vector<Version> versions;
  while (true) {
    MREG_ASSIGN_OR_RETURN(const bool has_row, versions_.Step(kReading));
    if (!has_row) return versions;
    auto commit = Commit(versions_, 1);
    if (!commit.ok()) {
      versions_.Reset();
      return commit.status();
    }
    versions.emplace_back(static_cast<EntryId>(versions_.Number(0)), *commit);
  }
}

absl::StatusOr<Hit> EntryTable::Read(EntryId id) {
  read_.BindNumber(1, id);
  MREG_ASSIGN_OR_RETURN(const bool has_row, read_.Step(kReading));
  if (!has_row) return absl::DataLossError("an entry's row in the catalog is missing");
  auto hit = ToHit(read_);
  read_.Reset();
  return hit;
}

absl::StatusOr<ModelRecord> EntryTable::ReadModel(const ArtifactId& model) {
  model_.BindBlob(1, model.bytes());
  MREG_ASSIGN_OR_RETURN(const bool has_row, model_.Step(kReading));
  if (!has_row) return absl::NotFoundError("the catalog has no model " + model.ToHex());
  ModelRecord record{std::string(model_.Text(0)), std::string(model_.Text(1)),
                     std::string(model_.Text(2))};
  model_.Reset();
  return record;
}

absl::StatusOr<std::vector<EntryId>> EntryTable::EntriesOf(const ArtifactId& model) {
  entries_of_.BindBlob(1, model.bytes());
  std::vector<EntryId> entries;
  while (true) {
    MREG_ASSIGN_OR_RETURN(const bool has_row, entries_of_.Step(kReading));
    if (!has_row) return entries;
    entries.push_back(static_cast<EntryId>(entries_of_.Number(0)));
  }
}

absl::StatusOr<std::optional<EntryId>> EntryTable::NextToLint(std::string_view version) {
  next_to_lint_.BindText(1, version);
  MREG_ASSIGN_OR_RETURN(const bool has_row, next_to_lint_.Step(kReading));
  if (!has_row) return std::nullopt;
  const auto entry = static_cast<EntryId>(next_to_lint_.Number(0));
  next_to_lint_.Reset();
  return entry;
}

absl::StatusOr<NumberColumns> EntryTable::ReadNumbers() {
  MREG_ASSIGN_OR_RETURN(const EntryId last, LastId());
  NumberColumns columns;
  for (auto& column : columns) column.assign(size_t{last} + 1, kUnknown);
  while (true) {
    MREG_ASSIGN_OR_RETURN(const bool has_row, numbers_.Step(kReading));
    if (!has_row) return columns;
    const auto id = static_cast<size_t>(numbers_.Number(0));
    if (id > last) {
      numbers_.Reset();
      return absl::DataLossError("an entry's id in the catalog is damaged");
    }
    for (const Number number : kColumns) {
      const auto n = static_cast<size_t>(number);
      columns[n][id] = numbers_.Number(static_cast<int>(n) + 1);
    }
  }
}

absl::StatusOr<EntryId> EntryTable::LastId() {
  MREG_ASSIGN_OR_RETURN(const bool has_row, last_.Step(kReading));
  const int64_t id = has_row ? last_.Number(0) : 0;
  last_.Reset();
  if (id < 0 || id > kLastEntryId) {
    return absl::DataLossError("an entry's id in the catalog is damaged");
  }
  return static_cast<EntryId>(id);
}

}  // namespace mreg::catalog
