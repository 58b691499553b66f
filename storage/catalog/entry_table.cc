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
      {&table.add_facts_, "INSERT OR IGNORE INTO models VALUES (?, ?)"},
      {&table.versions_, kVersions},
      {&table.read_, kRead},
      {&table.facts_, "SELECT facts FROM models WHERE digest = ?"},
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

absl::Status EntryTable::AddFacts(const ArtifactId& model, std::string_view facts) {
  add_facts_.BindBlob(1, model.bytes());
  add_facts_.BindText(2, facts);
  return add_facts_.Run(kWriting);
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

absl::StatusOr<std::string> EntryTable::Facts(const ArtifactId& model) {
  facts_.BindBlob(1, model.bytes());
  MREG_ASSIGN_OR_RETURN(const bool has_row, facts_.Step(kReading));
  if (!has_row) return absl::NotFoundError("the catalog has no facts of model " + model.ToHex());
  std::string facts(facts_.Text(0));
  facts_.Reset();
  return facts;
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
