#include "storage/kv/sqlite_store.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <array>
#include <mutex>
#include <utility>

#include "schema/base/status.h"

namespace mreg::kv {
namespace {

constexpr int kBusyTimeoutMs = 30'000;
constexpr int kFormatVersion = 1;

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

absl::Status ToStatus(sqlite3* db, int code, std::string_view action) {
  const std::string message = fmt::format("cannot {}: {}", action, sqlite3_errmsg(db));
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

absl::Status Execute(sqlite3* db, const std::string& sql, std::string_view action) {
  const int code = sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : ToStatus(db, code, action);
}

absl::StatusOr<Statement> Prepare(sqlite3* db, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(db, sql.c_str(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return ToStatus(db, code, "prepare a statement");
  return Statement(statement);
}

void Bind(sqlite3_stmt* statement, int position, ByteView value) {
  // A null pointer would bind NULL; an empty key is an empty blob.
  const char* data = value.data() == nullptr ? "" : value.data();
  sqlite3_bind_blob64(statement, position, data, value.size(), SQLITE_STATIC);
}

ByteView Column(sqlite3_stmt* statement, int column) {
  const void* data = sqlite3_column_blob(statement, column);
  return {static_cast<const char*>(data),
          static_cast<size_t>(sqlite3_column_bytes(statement, column))};
}

// The smallest key above every key that begins with `prefix`; nothing if there is no bound.
std::optional<Bytes> PrefixEnd(ByteView prefix) {
  Bytes end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (end.empty()) return std::nullopt;
  end.back() = static_cast<char>(end.back() + 1);
  return end;
}

class SqliteStore final : public KeyValueStore {
 public:
  explicit SqliteStore(Database db) : db_(std::move(db)) {}

  absl::Status Initialize() {
    sqlite3_busy_timeout(db_.get(), kBusyTimeoutMs);
    MREG_RETURN_IF_ERROR(Execute(db_.get(),
                                 "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                                 "PRAGMA cache_size=-16384;",
                                 "set up the store's index"));
    MREG_ASSIGN_OR_RETURN(const bool needs_tables, NeedsTables());
    if (needs_tables) MREG_RETURN_IF_ERROR(CreateTables());
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<Bytes>> Get(Table table, ByteView key) const override {
    std::lock_guard lock(mutex_);
    return Find(table, key);
  }

  absl::StatusOr<std::vector<std::optional<Bytes>>> GetMany(
      Table table, std::span<const ByteView> keys) const override {
    std::lock_guard lock(mutex_);
    MREG_RETURN_IF_ERROR(Execute(db_.get(), "BEGIN", "begin reading"));
    std::vector<std::optional<Bytes>> values;
    values.reserve(keys.size());
    absl::Status status;
    for (const ByteView key : keys) {
      auto value = Find(table, key);
      status = value.status();
      if (!status.ok()) break;
      values.push_back(*std::move(value));
    }
    Execute(db_.get(), "COMMIT", "end reading").IgnoreError();
    if (!status.ok()) return status;
    return values;
  }

  absl::Status Scan(Table table, ByteView prefix, ByteView after,
                    const Visitor& visit) const override {
    // Pages of rows, so that no lock and no read transaction is held while `visit` runs.
    constexpr size_t kPage = 1'000;
    const auto end = PrefixEnd(prefix);
    Bytes from(after);
    bool inclusive = after < prefix;
    if (inclusive) from = Bytes(prefix);
    while (true) {
      MREG_ASSIGN_OR_RETURN(const auto page, ReadPage(table, from, inclusive, end, kPage));
      for (const auto& [key, value] : page) {
        if (!visit(key, value)) return absl::OkStatus();
      }
      if (page.size() < kPage) return absl::OkStatus();
      from = page.back().first;
      inclusive = false;
    }
  }

  absl::Status Commit(const Batch& batch) override {
    std::lock_guard lock(mutex_);
    MREG_RETURN_IF_ERROR(Execute(db_.get(), "BEGIN IMMEDIATE", "begin writing"));
    auto status = Apply(batch);
    if (status.ok()) status = Execute(db_.get(), "COMMIT", "write to the store's index");
    if (!status.ok() && sqlite3_get_autocommit(db_.get()) == 0) {
      Execute(db_.get(), "ROLLBACK", "roll back").IgnoreError();
    }
    return status;
  }

 private:
  using Row = std::pair<Bytes, Bytes>;

  absl::StatusOr<int> ReadNumber(const std::string& sql) {
    MREG_ASSIGN_OR_RETURN(const Statement query, Prepare(db_.get(), sql));
    const int code = sqlite3_step(query.get());
    if (code != SQLITE_ROW) return ToStatus(db_.get(), code, "read the store's index");
    return sqlite3_column_int(query.get(), 0);
  }

  // Of a new file, or of one made when there were fewer of them.
  absl::StatusOr<bool> NeedsTables() {
    MREG_ASSIGN_OR_RETURN(const int found, ReadNumber("PRAGMA user_version"));
    if (found > kFormatVersion) {
      return absl::FailedPreconditionError(fmt::format(
          "the store's index has format {}; this mreg knows {}", found, kFormatVersion));
    }
    MREG_ASSIGN_OR_RETURN(const int tables,
                          ReadNumber("SELECT count(*) FROM sqlite_master WHERE type = 'table'"));
    return found == 0 || tables < kTableCount;
  }

  absl::Status CreateTables() {
    std::string sql = "BEGIN IMMEDIATE;";
    for (int i = 0; i < kTableCount; ++i) {
      sql += fmt::format(
          "CREATE TABLE IF NOT EXISTS \"{}\" (key BLOB PRIMARY KEY, value BLOB NOT NULL)"
          " WITHOUT ROWID;",
          TableName(static_cast<Table>(i)));
    }
    sql += fmt::format("PRAGMA user_version={}; COMMIT;", kFormatVersion);
    return Execute(db_.get(), sql, "create the store's index");
  }

  // The statement `sql` for `table`, prepared once; reset by its user.
  absl::StatusOr<sqlite3_stmt*> Cached(std::array<Statement, kTableCount>& cache, Table table,
                                       std::string_view sql) const {
    Statement& statement = cache[static_cast<size_t>(table)];
    if (!statement) {
      MREG_ASSIGN_OR_RETURN(statement,
                            Prepare(db_.get(), fmt::format(fmt::runtime(sql), TableName(table))));
    }
    return statement.get();
  }

  absl::StatusOr<std::optional<Bytes>> Find(Table table, ByteView key) const {
    MREG_ASSIGN_OR_RETURN(sqlite3_stmt* const select,
                          Cached(selects_, table, "SELECT value FROM \"{}\" WHERE key = ?"));
    Bind(select, 1, key);
    const int code = sqlite3_step(select);
    std::optional<Bytes> value;
    absl::Status status;
    if (code == SQLITE_ROW) {
      value = Bytes(Column(select, 0));
    } else if (code != SQLITE_DONE) {
      status = ToStatus(db_.get(), code, "read the store's index");
    }
    sqlite3_reset(select);
    if (!status.ok()) return status;
    return value;
  }

  absl::StatusOr<std::vector<Row>> ReadPage(Table table, ByteView from, bool inclusive,
                                            const std::optional<Bytes>& end, size_t limit) const {
    std::lock_guard lock(mutex_);
    const std::string sql =
        fmt::format("SELECT key, value FROM \"{{}}\" WHERE key {} ? {} ORDER BY key LIMIT {}",
                    inclusive ? ">=" : ">", end ? "AND key < ?" : "", limit);
    MREG_ASSIGN_OR_RETURN(sqlite3_stmt* const select,
                          Cached(pages_[inclusive ? 1 : 0][end ? 1 : 0], table, sql));
    Bind(select, 1, from);
    if (end) Bind(select, 2, *end);
    std::vector<Row> rows;
    int code;
    while ((code = sqlite3_step(select)) == SQLITE_ROW) {
      rows.emplace_back(Column(select, 0), Column(select, 1));
    }
    const absl::Status status = code == SQLITE_DONE
                                    ? absl::OkStatus()
                                    : ToStatus(db_.get(), code, "scan the store's index");
    sqlite3_reset(select);
    if (!status.ok()) return status;
    return rows;
  }

  absl::Status Apply(const Batch& batch) {
    for (const auto& [table, key, value] : batch.expectations()) {
      MREG_ASSIGN_OR_RETURN(const auto current, Find(table, key));
      if (current != value) return absl::AbortedError("the store changed meanwhile");
    }
    for (const auto& write : batch.writes()) MREG_RETURN_IF_ERROR(Apply(write));
    return absl::OkStatus();
  }

  absl::Status Apply(const Batch::Write& write) {
    absl::StatusOr<sqlite3_stmt*> statement =
        write.value ? Cached(puts_, write.table, "INSERT OR REPLACE INTO \"{}\" VALUES (?, ?)")
                    : Cached(removes_, write.table, "DELETE FROM \"{}\" WHERE key = ?");
    if (!statement.ok()) return statement.status();
    Bind(*statement, 1, write.key);
    if (write.value) Bind(*statement, 2, *write.value);
    const int code = sqlite3_step(*statement);
    sqlite3_reset(*statement);
    return code == SQLITE_DONE ? absl::OkStatus()
                               : ToStatus(db_.get(), code, "write to the store's index");
  }

  mutable std::mutex mutex_;  // a connection and its statements serve one thread at a time
  const Database db_;
  mutable std::array<Statement, kTableCount> selects_, puts_, removes_;
  mutable std::array<Statement, kTableCount> pages_[2][2];  // by what ReadPage asks for
};

}  // namespace

absl::StatusOr<std::unique_ptr<KeyValueStore>> OpenSqlite(const std::string& path) {
  sqlite3* opened = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &opened,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, nullptr);
  Database db(opened);
  if (code != SQLITE_OK) return ToStatus(db.get(), code, fmt::format("open {}", path));
  auto store = std::make_unique<SqliteStore>(std::move(db));
  if (auto status = store->Initialize(); !status.ok()) {
    return Annotate(status, path);
  }
  return store;
}

}  // namespace mreg::kv
