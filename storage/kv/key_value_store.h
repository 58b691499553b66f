// Ordered tables of byte strings with atomic, durable batches: the one thing that the index, git
// objects, references, journal and tokens need from a database. Implementations: RocksDB (a
// server's folder, one process at a time), SQLite (shared by several processes), memory (tests).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/bytes.h"

namespace mreg::kv {

// Each room of storage/ owns its tables; their keys and values are specified in
// docs/formats/index.md. Numbers are part of the on-disk format: append only.
enum class Table : uint8_t {
  kMeta = 0,
  kChunks = 1,
  kPacks = 2,
  kRecipes = 3,
  kMembers = 4,
  kRepositories = 5,
  kObjects = 6,
  kReferences = 7,
  kJournal = 8,
  kMerkle = 9,
  kTokens = 10,
  kClones = 11,
  kSketches = 12,
  kOptimized = 13,
  kAttestations = 14,
};
inline constexpr int kTableCount = 15;
std::string_view TableName(Table table);

// Writes that happen together or not at all, and what must hold for them to happen.
// Not thread-safe.
class Batch {
 public:
  struct Write {
    Table table;
    Bytes key;
    std::optional<Bytes> value;  // nothing: remove
  };
  struct Expectation {
    Table table;
    Bytes key;
    std::optional<Bytes> value;  // nothing: must be absent
  };

  void Put(Table table, ByteView key, ByteView value);
  void Remove(Table table, ByteView key);

  // The batch is refused unless `key` holds exactly `value` (nothing: is absent) at that moment.
  void Expect(Table table, ByteView key, std::optional<ByteView> value);

  std::span<const Write> writes() const { return writes_; }
  std::span<const Expectation> expectations() const { return expectations_; }

 private:
  std::vector<Write> writes_;
  std::vector<Expectation> expectations_;
};

// Called with each key and value of a scan, in key order; the views live until it returns.
// Returning false ends the scan. It may not call the store it scans.
using Visitor = std::function<bool(ByteView key, ByteView value)>;

// Thread-safe. Errors: DataLoss for a damaged database, ResourceExhausted for a full disk,
// Unavailable if another process holds it, Internal otherwise.
class KeyValueStore {
 public:
  virtual ~KeyValueStore() = default;

  virtual absl::StatusOr<std::optional<Bytes>> Get(Table table, ByteView key) const = 0;

  // One answer for each key, in order.
  virtual absl::StatusOr<std::vector<std::optional<Bytes>>> GetMany(
      Table table, std::span<const ByteView> keys) const = 0;

  // All keys that begin with `prefix` and are greater than `after` (empty: from the first), as
  // they are at one moment.
  virtual absl::Status Scan(Table table, ByteView prefix, ByteView after,
                            const Visitor& visit) const = 0;

  // Durable on return. Aborted if an expectation does not hold: nothing is written then.
  virtual absl::Status Commit(const Batch& batch) = 0;
};

}  // namespace mreg::kv
