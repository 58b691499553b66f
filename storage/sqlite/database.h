// SQLite's handles, its errors as absl::Status, and its header kept out of other rooms.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/bytes.h"

struct sqlite3;
struct sqlite3_stmt;

namespace mreg::sqlite {

// A prepared statement. Positions of parameters count from 1, columns from 0. What is bound must
// live until the statement was reset; blobs and texts are not copied. Not thread-safe.
class Statement {
 public:
  Statement() = default;
  explicit operator bool() const { return statement_ != nullptr; }

  void BindNumber(int position, int64_t value);
  void BindText(int position, std::string_view value);
  void BindBlob(int position, ByteView value);

  // Whether there is a row. The statement is reset at the end and after an error, so it can be
  // stepped again; who stops before the end calls Reset. Errors say that mreg cannot `action`:
  // ResourceExhausted on a full disk, Unavailable where another process holds the lock, DataLoss
  // for a damaged file, PermissionDenied, else Internal.
  absl::StatusOr<bool> Step(std::string_view action);
  // Steps to the end.
  absl::Status Run(std::string_view action);
  void Reset();

  // Of the row that Step came to; views hold until the next step or reset.
  int64_t Number(int column) const;
  ByteView Blob(int column) const;
  std::string_view Text(int column) const { return Blob(column); }

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// A connection. It and its statements serve one thread at a time. Errors are those of
// Statement::Step.
class Database {
 public:
  // Opens or creates. Whoever needs a lock that another connection holds waits 30 s for it.
  static absl::StatusOr<Database> Open(const std::string& path);

  // One or more statements without parameters and results.
  absl::Status Execute(const std::string& sql, std::string_view action) const;
  absl::StatusOr<Statement> Prepare(std::string_view sql) const;
  // The first column of the first row of `sql`.
  absl::StatusOr<int64_t> ReadNumber(std::string_view sql, std::string_view action) const;
  // Writes what `work` writes, all or nothing.
  absl::Status Transact(const std::function<absl::Status()>& work, std::string_view action) const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  explicit Database(sqlite3* database) : database_(database) {}

  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace mreg::sqlite
