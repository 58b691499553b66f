#include "storage/kv/sqlite_store.h"

#include <fmt/format.h>

#include <array>
#include <mutex>
#include <utility>

#include "schema/base/status.h"
#include "storage/sqlite/database.h"

namespace mreg::kv {
namespace {

constexpr int kFormatVersion = 1;
constexpr std::string_view kReading = "read the store's index";

using sqlite::Database;
using sqlite::Statement;

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
    MREG_RETURN_IF_ERROR(
        db_.Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
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
    MREG_RETURN_IF_ERROR(db_.Execute("BEGIN", "begin reading"));
    std::vector<std::optional<Bytes>> values;
    values.reserve(keys.size());
    absl::Status status;
    for (const ByteView key : keys) {
      auto value = Find(table, key);
      status = value.status();
      if (!status.ok()) break;
      values.push_back(*std::move(value));
    }
    db_.Execute("COMMIT", "end reading").IgnoreError();
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
    return db_.Transact([&] { return Apply(batch); }, "write to the store's index");
  }

 private:
  using Row = std::pair<Bytes, Bytes>;

  // Of a new file, or of one made when there were fewer of them.
  absl::StatusOr<bool> NeedsTables() {
    MREG_ASSIGN_OR_RETURN(const int64_t found, db_.ReadNumber("PRAGMA user_version", kReading));
    if (found > kFormatVersion) {
      return absl::FailedPreconditionError(fmt::format(
          "the store's index has format {}; this mreg knows {}", found, kFormatVersion));
    }
    MREG_ASSIGN_OR_RETURN(
        const int64_t tables,
        db_.ReadNumber("SELECT count(*) FROM sqlite_master WHERE type = 'table'", kReading));
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
    return db_.Execute(sql, "create the store's index");
  }

  // The statement `sql` for `table`, prepared once.
  absl::StatusOr<Statement*> Cached(std::array<Statement, kTableCount>& cache, Table table,
                                    std::string_view sql) const {
    Statement& statement = cache[static_cast<size_t>(table)];
    if (!statement) {
      MREG_ASSIGN_OR_RETURN(statement,
                            db_.Prepare(fmt::format(fmt::runtime(sql), TableName(table))));
    }
    return &statement;
  }

  absl::StatusOr<std::optional<Bytes>> Find(Table table, ByteView key) const {
    MREG_ASSIGN_OR_RETURN(Statement* const select,
                          Cached(selects_, table, "SELECT value FROM \"{}\" WHERE key = ?"));
    select->BindBlob(1, key);
    MREG_ASSIGN_OR_RETURN(const bool has_row, select->Step(kReading));
    if (!has_row) return std::nullopt;
    Bytes value(select->Blob(0));
    select->Reset();
    return value;
  }

  absl::StatusOr<std::vector<Row>> ReadPage(Table table, ByteView from, bool inclusive,
                                            const std::optional<Bytes>& end, size_t limit) const {
    std::lock_guard lock(mutex_);
    const std::string sql =
        fmt::format("SELECT key, value FROM \"{{}}\" WHERE key {} ? {} ORDER BY key LIMIT {}",
                    inclusive ? ">=" : ">", end ? "AND key < ?" : "", limit);
    MREG_ASSIGN_OR_RETURN(Statement* const select,
                          Cached(pages_[inclusive ? 1 : 0][end ? 1 : 0], table, sql));
    select->BindBlob(1, from);
    if (end) select->BindBlob(2, *end);
    std::vector<Row> rows;
    while (true) {
      MREG_ASSIGN_OR_RETURN(const bool has_row, select->Step("scan the store's index"));
      if (!has_row) return rows;
      rows.emplace_back(select->Blob(0), select->Blob(1));
    }
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
    absl::StatusOr<Statement*> statement =
        write.value ? Cached(puts_, write.table, "INSERT OR REPLACE INTO \"{}\" VALUES (?, ?)")
                    : Cached(removes_, write.table, "DELETE FROM \"{}\" WHERE key = ?");
    if (!statement.ok()) return statement.status();
    (*statement)->BindBlob(1, write.key);
    if (write.value) (*statement)->BindBlob(2, *write.value);
    return (*statement)->Run("write to the store's index");
  }

  mutable std::mutex mutex_;  // a connection and its statements serve one thread at a time
  const Database db_;
  mutable std::array<Statement, kTableCount> selects_, puts_, removes_;
  mutable std::array<Statement, kTableCount> pages_[2][2];  // by what ReadPage asks for
};

}  // namespace

absl::StatusOr<std::unique_ptr<KeyValueStore>> OpenSqlite(const std::string& path) {
  MREG_ASSIGN_OR_RETURN(Database db, Database::Open(path));
  auto store = std::make_unique<SqliteStore>(std::move(db));
  if (auto status = store->Initialize(); !status.ok()) {
    return Annotate(status, path);
  }
  return store;
}

}  // namespace mreg::kv
