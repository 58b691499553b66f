#include "storage/catalog/tables.h"

#include <fmt/format.h>

#include "schema/base/status.h"

namespace mreg::catalog {
namespace {

constexpr int64_t kApplication = 0x6d726763;  // "mrgc"
constexpr int64_t kFormatVersion = 2;

constexpr std::string_view kTables = R"(
CREATE TABLE state (cursor INTEGER NOT NULL);
INSERT INTO state VALUES (0);
CREATE TABLE repositories (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE entries (
  id INTEGER PRIMARY KEY,
  repository INTEGER NOT NULL,
  commit_id BLOB NOT NULL,
  path TEXT NOT NULL,
  model BLOB NOT NULL,
  time INTEGER NOT NULL,
  size INTEGER NOT NULL,
  opset INTEGER NOT NULL,
  ir INTEGER NOT NULL,
  params INTEGER NOT NULL,
  nodes INTEGER NOT NULL,
  dtype TEXT NOT NULL,
  license TEXT NOT NULL,
  task TEXT NOT NULL);
CREATE UNIQUE INDEX entries_by_version ON entries (repository, commit_id, path);
CREATE INDEX entries_by_model ON entries (model);
CREATE TABLE models (
  digest BLOB NOT NULL UNIQUE,
  facts TEXT NOT NULL,
  verdicts TEXT NOT NULL,
  lint_version TEXT NOT NULL,
  lint_result TEXT NOT NULL,
  lint TEXT NOT NULL);
CREATE INDEX models_by_lint ON models (lint_version);
CREATE INDEX entries_by_commit ON entries (commit_id);
CREATE TABLE terms (
  term TEXT NOT NULL,
  block INTEGER NOT NULL,
  bits BLOB NOT NULL,
  PRIMARY KEY (term, block)) WITHOUT ROWID;
CREATE TABLE labels (term TEXT PRIMARY KEY, label TEXT NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE names USING fts5(
  name, content='', columnsize=0, tokenize='unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE texts USING fts5(
  about, details,
  content='', columnsize=0, tokenize='unicode61 remove_diacritics 2');
CREATE TABLE version_sources (
  commit_id BLOB NOT NULL,
  source BLOB NOT NULL,
  is_declared INTEGER NOT NULL,
  how TEXT NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (commit_id, source, is_declared)) WITHOUT ROWID;
CREATE INDEX version_sources_by_source ON version_sources (source, commit_id);
CREATE TABLE fingerprints (
  id INTEGER PRIMARY KEY,
  identity BLOB NOT NULL UNIQUE,
  traits BLOB NOT NULL,
  is_compared INTEGER NOT NULL);
CREATE INDEX uncompared_fingerprints ON fingerprints (id) WHERE NOT is_compared;
CREATE TABLE fingerprint_keys (
  key INTEGER NOT NULL,
  model INTEGER NOT NULL,
  PRIMARY KEY (key, model)) WITHOUT ROWID;
CREATE TABLE entry_models (
  entry INTEGER PRIMARY KEY,
  model INTEGER NOT NULL,
  is_first INTEGER NOT NULL);
CREATE INDEX entry_models_by_model ON entry_models (model, is_first);
CREATE TABLE likenesses (
  model INTEGER NOT NULL,
  other INTEGER NOT NULL,
  direction INTEGER NOT NULL,
  confidence INTEGER NOT NULL,
  how TEXT NOT NULL,
  identical INTEGER NOT NULL,
  alike INTEGER NOT NULL,
  named INTEGER NOT NULL,
  shaped INTEGER NOT NULL,
  PRIMARY KEY (model, other)) WITHOUT ROWID;
)";

absl::Status CreateTables(const sqlite::Database& database) {
  return database.Transact(
      [&] {
        return database.Execute(fmt::format("{} PRAGMA application_id={}; PRAGMA user_version={};",
                                            kTables, kApplication, kFormatVersion),
                                kWriting);
      },
      "create the catalog");
}

}  // namespace

absl::StatusOr<sqlite::Database> OpenTables(const std::string& path) {
  MREG_ASSIGN_OR_RETURN(sqlite::Database database, sqlite::Database::Open(path));
  // What a power cut takes, the journal has still, and the cursor goes back with it.
  MREG_RETURN_IF_ERROR(database.Execute(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16384;",
      "open the catalog"));
  MREG_ASSIGN_OR_RETURN(const int64_t tables,
                        database.ReadNumber("SELECT count(*) FROM sqlite_master", kReading));
  if (tables == 0) {
    MREG_RETURN_IF_ERROR(CreateTables(database));
    return database;
  }
  MREG_ASSIGN_OR_RETURN(const int64_t application,
                        database.ReadNumber("PRAGMA application_id", kReading));
  MREG_ASSIGN_OR_RETURN(const int64_t version,
                        database.ReadNumber("PRAGMA user_version", kReading));
  if (application != kApplication || version != kFormatVersion) {
    return absl::DataLossError(fmt::format("{} has not the catalog's format", path));
  }
  return database;
}

}  // namespace mreg::catalog
