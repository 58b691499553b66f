#include "storage/sqlite/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "schema/base/status.h"

namespace mreg::sqlite {
namespace {

constexpr int kBusyTimeoutMs = 30'000;

absl::Status ToStatus(sqlite3* database, int code, std::string_view action) {
  const std::string message = fmt::format("cannot {}: {}", action, sqlite3_errmsg(database));
  switch (code & 0xff) {
    case SQLITE_FULL:
      return absl::ResourceExhaustedError(message);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::UnavailableError(message);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(message);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return absl::PermissionDeniedError(message);
    default:
      return absl::InternalError(message);
  }
}

// A null pointer would bind NULL; an empty value is an empty blob or text.
const char* DataOf(ByteView value) { return value.data() == nullptr ? "" : value.data(); }

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

void Statement::BindNumber(int position, int64_t value) {
  sqlite3_bind_int64(statement_.get(), position, value);
}

void Statement::BindText(int position, std::string_view value) {
  sqlite3_bind_text64(statement_.get(), position, DataOf(value), value.size(), SQLITE_STATIC,
                      SQLITE_UTF8);
}

void Statement::BindBlob(int position, ByteView value) {
  sqlite3_bind_blob64(statement_.get(), position, DataOf(value), value.size(), SQLITE_STATIC);
}

absl::StatusOr<bool> Statement::Step(std::string_view action) {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  absl::Status status;
  if (code != SQLITE_DONE) status = ToStatus(sqlite3_db_handle(statement_.get()), code, action);
  Reset();
  if (!status.ok()) return status;
  return false;
}

absl::Status Statement::Run(std::string_view action) {
  while (true) {
    MREG_ASSIGN_OR_RETURN(const bool has_row, Step(action));
    if (!has_row) return absl::OkStatus();
  }
}

void Statement::Reset() { sqlite3_reset(statement_.get()); }

int64_t Statement::Number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

ByteView Statement::Blob(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  return {static_cast<const char*>(data),
          static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

void Database::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

absl::StatusOr<Database> Database::Open(const std::string& path) {
  sqlite3* opened = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &opened,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(opened);
  if (code != SQLITE_OK) return ToStatus(opened, code, fmt::format("open {}", path));
  sqlite3_busy_timeout(opened, kBusyTimeoutMs);
  return database;
}

absl::Status Database::Execute(const std::string& sql, std::string_view action) const {
  const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : ToStatus(database_.get(), code, action);
}

absl::StatusOr<Statement> Database::Prepare(std::string_view sql) const {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return ToStatus(database_.get(), code, "prepare a statement");
  return Statement(statement);
}

absl::StatusOr<int64_t> Database::ReadNumber(std::string_view sql, std::string_view action) const {
  MREG_ASSIGN_OR_RETURN(Statement query, Prepare(sql));
  MREG_ASSIGN_OR_RETURN(const bool has_row, query.Step(action));
  if (!has_row) return absl::InternalError(fmt::format("cannot {}: there is no row", action));
  return query.Number(0);
}

absl::Status Database::Transact(const std::function<absl::Status()>& work,
                                std::string_view action) const {
  MREG_RETURN_IF_ERROR(Execute("BEGIN IMMEDIATE", action));
  auto status = work();
  if (status.ok()) status = Execute("COMMIT", action);
  if (!status.ok() && sqlite3_get_autocommit(database_.get()) == 0) {
    Execute("ROLLBACK", "roll back").IgnoreError();
  }
  return status;
}

}  // namespace mreg::sqlite
