#include "storage/catalog/lineage_table.h"

#include <algorithm>
#include <cmath>

#include "absl/container/flat_hash_map.h"
#include "schema/base/status.h"
#include "storage/catalog/tables.h"

namespace mreg::catalog {
namespace {

// Of the models that have a key so many count, those that came first.
constexpr int64_t kMostOfKey = 64;
// Shares and confidences lie in the tables as whole numbers of these.
constexpr double kParts = 10'000;

constexpr std::string_view kHolds =
    "SELECT 1 FROM entries JOIN entry_models ON entry_models.entry = entries.id"
    " WHERE repository = ? AND commit_id = ? AND entry_models.model = ? LIMIT 1";

constexpr std::string_view kLikenesses =
    "SELECT other, direction, confidence, how, identical, alike, named, shaped FROM likenesses"
    " WHERE model = ? ORDER BY confidence DESC, other LIMIT ?";

constexpr std::string_view kPlaces =
    "SELECT entries.id, name, path, time, coalesce(entry_models.model, 0), coalesce(is_first, 0)"
    " FROM entries JOIN repositories ON repositories.id = entries.repository"
    " LEFT JOIN entry_models ON entry_models.entry = entries.id"
    " WHERE commit_id = ? ORDER BY name, path";

constexpr std::string_view kFirsts =
    "SELECT entries.id, commit_id, time FROM entry_models"
    " JOIN entries ON entries.id = entry_models.entry"
    " WHERE entry_models.model = ? AND is_first = 1 ORDER BY time, commit_id";

int64_t ToParts(double share) { return std::llround(share * kParts); }
double FromParts(int64_t parts) { return static_cast<double>(parts) / kParts; }

Direction Reversed(Direction direction) {
  switch (direction) {
    case Direction::kFromOther:
      return Direction::kToOther;
    case Direction::kToOther:
      return Direction::kFromOther;
    case Direction::kUnknown:
      break;
  }
  return Direction::kUnknown;
}

absl::StatusOr<CommitId> Commit(const sqlite::Statement& row, int column) {
  auto commit = CommitId::FromBytes(row.Blob(column));
  if (!commit.ok()) return absl::DataLossError("a commit in the catalog is damaged");
  return commit;
}

TimePoint Time(const sqlite::Statement& row, int column) {
  return TimePoint(std::chrono::milliseconds(row.Number(column)));
}

// What `read` makes of each row; the statement is reset whatever happens.
template <typename Row, typename Read>
absl::StatusOr<std::vector<Row>> ReadRows(sqlite::Statement& statement, const Read& read) {
  std::vector<Row> rows;
  while (true) {
    MREG_ASSIGN_OR_RETURN(const bool has_row, statement.Step(kReading));
    if (!has_row) return rows;
    absl::StatusOr<Row> row = read(statement);
    if (!row.ok()) {
      statement.Reset();
      return row.status();
    }
    rows.push_back(*std::move(row));
  }
}

}  // namespace

absl::StatusOr<LineageTable> LineageTable::Open(const sqlite::Database& database) {
  LineageTable table;
  const std::pair<sqlite::Statement*, std::string_view> statements[] = {
      {&table.add_source_, "INSERT OR IGNORE INTO version_sources VALUES (?, ?, ?, ?, ?)"},
      {&table.add_fingerprint_,
       "INSERT OR IGNORE INTO fingerprints (identity, traits, is_compared) VALUES (?, ?, 0)"
       " RETURNING id"},
      {&table.find_number_, "SELECT id FROM fingerprints WHERE identity = ?"},
      {&table.add_key_, "INSERT OR IGNORE INTO fingerprint_keys VALUES (?, ?)"},
      {&table.add_entry_, "INSERT OR REPLACE INTO entry_models VALUES (?, ?, ?)"},
      {&table.holds_, kHolds},
      {&table.set_compared_, "UPDATE fingerprints SET is_compared = 1 WHERE id = ?"},
      {&table.add_likeness_,
       "INSERT OR REPLACE INTO likenesses VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"},
      {&table.uncompared_,
       "SELECT id, traits FROM fingerprints WHERE NOT is_compared ORDER BY id LIMIT ?"},
      {&table.find_,
       "SELECT model FROM fingerprint_keys WHERE key = ? AND model < ? ORDER BY model LIMIT ?"},
      {&table.traits_, "SELECT id, traits FROM fingerprints WHERE id = ?"},
      {&table.likenesses_, kLikenesses},
      {&table.places_, kPlaces},
      {&table.sources_,
       "SELECT source, is_declared, how, name FROM version_sources WHERE commit_id = ?"
       " ORDER BY is_declared, source"},
      {&table.made_from_,
       "SELECT entries.id, version_sources.commit_id FROM version_sources"
       " JOIN entries ON entries.commit_id = version_sources.commit_id"
       " WHERE source = ? ORDER BY version_sources.commit_id"},
      {&table.firsts_, kFirsts},
  };
  for (const auto& [statement, sql] : statements) {
    MREG_ASSIGN_OR_RETURN(*statement, database.Prepare(sql));
  }
  return table;
}

absl::Status LineageTable::AddSources(const VersionSources& sources) {
  const auto add = [&](const CommitId& source, bool is_declared, std::string_view name) {
    add_source_.BindBlob(1, sources.commit.bytes());
    add_source_.BindBlob(2, source.bytes());
    add_source_.BindNumber(3, is_declared ? 1 : 0);
    add_source_.BindText(4, is_declared ? std::string_view(sources.how) : "");
    add_source_.BindText(5, name);
    return add_source_.Run(kWriting);
  };
  for (const CommitId& parent : sources.parents) MREG_RETURN_IF_ERROR(add(parent, false, ""));
  for (const DeclaredSource& declared : sources.declared) {
    MREG_RETURN_IF_ERROR(add(declared.commit, true, declared.name));
  }
  return absl::OkStatus();
}

// Added with its keys if it is not there.
absl::StatusOr<ModelNumber> LineageTable::NumberOf(const Fingerprint& fingerprint) {
  find_number_.BindBlob(1, fingerprint.identity);
  MREG_ASSIGN_OR_RETURN(const bool is_known, find_number_.Step(kReading));
  const ModelNumber known = is_known ? find_number_.Number(0) : 0;
  find_number_.Reset();
  if (is_known) return known;
  add_fingerprint_.BindBlob(1, fingerprint.identity);
  add_fingerprint_.BindBlob(2, fingerprint.traits);
  MREG_ASSIGN_OR_RETURN(const bool has_row, add_fingerprint_.Step(kWriting));
  if (!has_row) return absl::DataLossError("a model's row in the catalog is missing");
  const ModelNumber number = add_fingerprint_.Number(0);
  MREG_RETURN_IF_ERROR(add_fingerprint_.Run(kWriting));
  for (const uint64_t key : fingerprint.keys) {
    add_key_.BindNumber(1, static_cast<int64_t>(key));
    add_key_.BindNumber(2, number);
    MREG_RETURN_IF_ERROR(add_key_.Run(kWriting));
  }
  return number;
}

absl::StatusOr<bool> LineageTable::Holds(int64_t repository, const CommitId& version,
                                         ModelNumber model) {
  holds_.BindNumber(1, repository);
  holds_.BindBlob(2, version.bytes());
  holds_.BindNumber(3, model);
  MREG_ASSIGN_OR_RETURN(const bool has_row, holds_.Step(kReading));
  holds_.Reset();
  return has_row;
}

absl::Status LineageTable::AddModel(EntryId id, int64_t repository,
                                    std::span<const CommitId> parents,
                                    const Fingerprint& fingerprint) {
  MREG_ASSIGN_OR_RETURN(const ModelNumber model, NumberOf(fingerprint));
  bool is_first = true;
  for (const CommitId& parent : parents) {
    MREG_ASSIGN_OR_RETURN(const bool holds, Holds(repository, parent, model));
    if (holds) is_first = false;
  }
  add_entry_.BindNumber(1, id);
  add_entry_.BindNumber(2, model);
  add_entry_.BindNumber(3, is_first ? 1 : 0);
  return add_entry_.Run(kWriting);
}

absl::Status LineageTable::AddLikenesses(ModelNumber model, std::span<const Likeness> likenesses) {
  const auto add = [&](ModelNumber one, ModelNumber other, Direction direction,
                       const Likeness& likeness) {
    add_likeness_.BindNumber(1, one);
    add_likeness_.BindNumber(2, other);
    add_likeness_.BindNumber(3, static_cast<int64_t>(direction));
    add_likeness_.BindNumber(4, ToParts(likeness.confidence));
    add_likeness_.BindText(5, likeness.how);
    const Evidence& evidence = likeness.evidence;
    int position = 6;
    for (const double share :
         {evidence.identical, evidence.alike, evidence.named, evidence.shaped}) {
      add_likeness_.BindNumber(position++, ToParts(share));
    }
    return add_likeness_.Run(kWriting);
  };
  for (const Likeness& likeness : likenesses) {
    MREG_RETURN_IF_ERROR(add(model, likeness.other, likeness.direction, likeness));
    MREG_RETURN_IF_ERROR(add(likeness.other, model, Reversed(likeness.direction), likeness));
  }
  set_compared_.BindNumber(1, model);
  return set_compared_.Run(kWriting);
}

absl::StatusOr<std::vector<FingerprintedModel>> LineageTable::Uncompared(size_t most) {
  uncompared_.BindNumber(1, static_cast<int64_t>(most));
  return ReadRows<FingerprintedModel>(
      uncompared_, [](const sqlite::Statement& row) -> absl::StatusOr<FingerprintedModel> {
        return FingerprintedModel{row.Number(0), Bytes(row.Blob(1))};
      });
}

absl::StatusOr<std::vector<FingerprintedModel>> LineageTable::Find(std::span<const uint64_t> keys,
                                                                   ModelNumber before,
                                                                   size_t most) {
  absl::flat_hash_map<ModelNumber, int64_t> hits;
  for (const uint64_t key : keys) {
    find_.BindNumber(1, static_cast<int64_t>(key));
    find_.BindNumber(2, before);
    find_.BindNumber(3, kMostOfKey);
    while (true) {
      MREG_ASSIGN_OR_RETURN(const bool has_row, find_.Step(kReading));
      if (!has_row) break;
      ++hits[find_.Number(0)];
    }
  }
  std::vector<std::pair<int64_t, ModelNumber>> ranked;  // (-hits, number)
  for (const auto& [model, count] : hits) ranked.emplace_back(-count, model);
  std::ranges::sort(ranked);
  if (ranked.size() > most) ranked.resize(most);
  std::vector<FingerprintedModel> models;
  for (const auto& [rank, model] : ranked) {
    traits_.BindNumber(1, model);
    MREG_ASSIGN_OR_RETURN(const bool has_row, traits_.Step(kReading));
    if (!has_row) return absl::DataLossError("a model's row in the catalog is missing");
    models.push_back({model, Bytes(traits_.Blob(1))});
    traits_.Reset();
  }
  return models;
}

absl::StatusOr<std::vector<Likeness>> LineageTable::LikenessesOf(ModelNumber model, size_t most) {
  likenesses_.BindNumber(1, model);
  likenesses_.BindNumber(2, static_cast<int64_t>(most));
  return ReadRows<Likeness>(
      likenesses_, [](const sqlite::Statement& row) -> absl::StatusOr<Likeness> {
        Likeness likeness;
        likeness.other = row.Number(0);
        const int64_t direction = row.Number(1);
        if (direction < 0 || direction > 2) {
          return absl::DataLossError("a likeness in the catalog is damaged");
        }
        likeness.direction = static_cast<Direction>(direction);
        likeness.confidence = FromParts(row.Number(2));
        likeness.how = std::string(row.Text(3));
        Evidence& evidence = likeness.evidence;
        int column = 4;
        for (double* share :
             {&evidence.identical, &evidence.alike, &evidence.named, &evidence.shaped}) {
          *share = FromParts(row.Number(column++));
        }
        return likeness;
      });
}

absl::StatusOr<std::vector<VersionPlace>> LineageTable::PlacesOf(const CommitId& version,
                                                                 const IsVisible& is_visible) {
  places_.BindBlob(1, version.bytes());
  std::vector<VersionPlace> places;
  while (true) {
    MREG_ASSIGN_OR_RETURN(const bool has_row, places_.Step(kReading));
    if (!has_row) return places;
    if (!is_visible(static_cast<EntryId>(places_.Number(0)))) continue;
    places.push_back({std::string(places_.Text(1)), std::string(places_.Text(2)), Time(places_, 3),
                      places_.Number(4), places_.Number(5) != 0});
  }
}

absl::StatusOr<std::vector<SourceRow>> LineageTable::SourcesOf(const CommitId& version) {
  sources_.BindBlob(1, version.bytes());
  return ReadRows<SourceRow>(sources_,
                             [](const sqlite::Statement& row) -> absl::StatusOr<SourceRow> {
                               SourceRow source;
                               MREG_ASSIGN_OR_RETURN(source.commit, Commit(row, 0));
                               source.is_declared = row.Number(1) != 0;
                               source.how = std::string(row.Text(2));
                               source.name = std::string(row.Text(3));
                               return source;
                             });
}

absl::StatusOr<std::vector<CommitId>> LineageTable::MadeFrom(const CommitId& source,
                                                             const IsVisible& is_visible,
                                                             size_t most) {
  made_from_.BindBlob(1, source.bytes());
  std::vector<CommitId> versions;
  while (versions.size() < most) {
    MREG_ASSIGN_OR_RETURN(const bool has_row, made_from_.Step(kReading));
    if (!has_row) return versions;
    if (!is_visible(static_cast<EntryId>(made_from_.Number(0)))) continue;
    const auto version = Commit(made_from_, 1);
    if (!version.ok()) {
      made_from_.Reset();
      return version.status();
    }
    if (versions.empty() || versions.back() != *version) versions.push_back(*version);
  }
  made_from_.Reset();
  return versions;
}

absl::StatusOr<std::vector<FirstVersion>> LineageTable::FirstVersionsOf(ModelNumber model,
                                                                        const IsVisible& is_visible,
                                                                        size_t most) {
  firsts_.BindNumber(1, model);
  std::vector<FirstVersion> versions;
  while (versions.size() < most) {
    MREG_ASSIGN_OR_RETURN(const bool has_row, firsts_.Step(kReading));
    if (!has_row) return versions;
    if (!is_visible(static_cast<EntryId>(firsts_.Number(0)))) continue;
    const auto commit = Commit(firsts_, 1);
    if (!commit.ok()) {
      firsts_.Reset();
      return commit.status();
    }
    const FirstVersion first{*commit, Time(firsts_, 2)};
    if (versions.empty() || versions.back() != first) versions.push_back(first);
  }
  firsts_.Reset();
  return versions;
}

}  // namespace mreg::catalog
