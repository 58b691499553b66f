#include "storage/kv/rocksdb_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "schema/base/status.h"

namespace mreg::kv {
namespace {

constexpr size_t kBlockCacheBytes = 64 << 20;
// A shard has to hold the filter of a table file whole, 1 MB for 64 MB of chunks, beside others.
constexpr int kCacheShardBits = 2;
constexpr size_t kWriteBufferBytes = 16 << 20;
constexpr size_t kAllWriteBuffersBytes = 96 << 20;
// What is left free for RocksDB's own flushes. Debian builds it with assertions, and one of them
// ends the process when it goes on after a write that found no room, so that must not happen.
constexpr uint64_t kReservedBytes = 32 << 20;
// Of that, for batches that only remove: they are how a full disk is made less full.
constexpr uint64_t kReservedFromRemovals = 12 << 20;

rocksdb::Slice ToSlice(ByteView view) { return {view.data(), view.size()}; }
ByteView ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// RocksDB names its lock file in the message only; the code of a held lock is a plain I/O error.
bool IsHeldLock(const rocksdb::Status& status) {
  return status.IsIOError() && status.ToString().find("lock") != std::string::npos;
}

absl::Status ToStatus(const rocksdb::Status& status, std::string_view action) {
  if (status.ok()) return absl::OkStatus();
  const std::string message = fmt::format("cannot {}: {}", action, status.ToString());
  if (status.IsNoSpace()) return absl::ResourceExhaustedError(message);
  if (status.IsCorruption()) return absl::DataLossError(message);
  if (IsHeldLock(status)) return absl::UnavailableError(message);
  return absl::InternalError(message);
}

// ResourceExhausted if writing `bytes` to `directory` would leave less than `reserved`.
absl::Status CheckRoom(const std::string& directory, uint64_t bytes, uint64_t reserved) {
  std::error_code error;
  const auto space = std::filesystem::space(directory, error);
  if (error || space.available >= reserved + bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      fmt::format("cannot write to the index: No space left on device: {} bytes are free at {}, "
                  "and {} are kept in reserve",
                  space.available, directory, reserved));
}

uint64_t ReservedFrom(const Batch& batch) {
  const bool only_removes = std::ranges::none_of(
      batch.writes(), [](const Batch::Write& write) { return write.value.has_value(); });
  return only_removes ? kReservedFromRemovals : kReservedBytes;
}

rocksdb::ColumnFamilyOptions TableOptions(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions blocks;
  blocks.block_cache = cache;
  blocks.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  blocks.cache_index_and_filter_blocks = true;
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
  options.write_buffer_size = kWriteBufferBytes;
  options.compression = rocksdb::kNoCompression;
  return options;
}

rocksdb::DBOptions DatabaseOptions() {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.db_write_buffer_size = kAllWriteBuffersBytes;
  options.max_open_files = 256;
  options.keep_log_file_num = 4;
  options.max_log_file_size = 4 << 20;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  return options;
}

// Keeps other processes away from a database, from before RocksDB is opened until after it is
// closed. RocksDB's own lock comes too late: it renames and removes its log files before it takes
// it, and two processes that open at once get in each other's way there.
class FolderLock {
 public:
  static absl::StatusOr<std::unique_ptr<FolderLock>> Take(const std::string& directory) {
    const std::string path = directory + ".lock";
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) return ErrnoStatus(errno, fmt::format("open {}", path));
    auto lock = std::unique_ptr<FolderLock>(new FolderLock(fd));
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return lock;
    if (errno != EWOULDBLOCK) return ErrnoStatus(errno, fmt::format("lock {}", path));
    return absl::UnavailableError(fmt::format("another process has the index {}", directory));
  }
  ~FolderLock() { close(fd_); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  const int fd_;
};

class RocksDbStore final : public KeyValueStore {
 public:
  RocksDbStore(std::unique_ptr<FolderLock> lock, std::unique_ptr<rocksdb::DB> db,
               std::vector<rocksdb::ColumnFamilyHandle*> tables)
      : lock_(std::move(lock)), db_(std::move(db)), tables_(std::move(tables)) {}

  ~RocksDbStore() override {
    for (auto* table : tables_) db_->DestroyColumnFamilyHandle(table);
    db_->Close();
  }

  absl::StatusOr<std::optional<Bytes>> Get(Table table, ByteView key) const override {
    Bytes value;
    const auto status = db_->Get(rocksdb::ReadOptions(), Of(table), ToSlice(key), &value);
    if (status.IsNotFound()) return std::nullopt;
    if (!status.ok()) return ToStatus(status, fmt::format("read table {}", TableName(table)));
    return value;
  }

  absl::StatusOr<std::vector<std::optional<Bytes>>> GetMany(
      Table table, std::span<const ByteView> keys) const override {
    std::vector<rocksdb::Slice> slices;
    slices.reserve(keys.size());
    for (const ByteView key : keys) slices.push_back(ToSlice(key));
    std::vector<rocksdb::PinnableSlice> found(keys.size());
    std::vector<rocksdb::Status> statuses(keys.size());
    db_->MultiGet(rocksdb::ReadOptions(), Of(table), keys.size(), slices.data(), found.data(),
                  statuses.data());
    std::vector<std::optional<Bytes>> values(keys.size());
    for (size_t i = 0; i < keys.size(); ++i) {
      if (statuses[i].ok()) {
        values[i] = Bytes(ToView(found[i]));
      } else if (!statuses[i].IsNotFound()) {
        return ToStatus(statuses[i], fmt::format("read table {}", TableName(table)));
      }
    }
    return values;
  }

  absl::Status Scan(Table table, ByteView prefix, ByteView after,
                    const Visitor& visit) const override {
    const std::unique_ptr<rocksdb::Iterator> row(
        db_->NewIterator(rocksdb::ReadOptions(), Of(table)));
    row->Seek(ToSlice(std::max(prefix, after)));
    if (row->Valid() && !after.empty() && ToView(row->key()) == after) row->Next();
    for (; row->Valid() && ToView(row->key()).starts_with(prefix); row->Next()) {
      if (!visit(ToView(row->key()), ToView(row->value()))) break;
    }
    return ToStatus(row->status(), fmt::format("scan table {}", TableName(table)));
  }

  absl::Status Commit(const Batch& batch) override {
    rocksdb::WriteBatch writes;
    for (const auto& [table, key, value] : batch.writes()) {
      if (value) {
        writes.Put(Of(table), key, *value);
      } else {
        writes.Delete(Of(table), key);
      }
    }
    MREG_RETURN_IF_ERROR(CheckRoom(db_->GetName(), writes.GetDataSize(), ReservedFrom(batch)));
    // What a batch expects holds until its write only if no other batch comes in between. Batches
    // that expect nothing run beside each other, and RocksDB groups their syncs.
    std::unique_lock alone(order_, std::defer_lock);
    std::shared_lock beside_others(order_, std::defer_lock);
    if (batch.expectations().empty()) {
      beside_others.lock();
    } else {
      alone.lock();
      MREG_RETURN_IF_ERROR(Check(batch));
    }
    rocksdb::WriteOptions options;
    options.sync = true;
    return ToStatus(db_->Write(options, &writes), "write to the index");
  }

 private:
  rocksdb::ColumnFamilyHandle* Of(Table table) const { return tables_[static_cast<size_t>(table)]; }

  absl::Status Check(const Batch& batch) const {
    for (const auto& [table, key, value] : batch.expectations()) {
      MREG_ASSIGN_OR_RETURN(const auto current, Get(table, key));
      if (current != value) return absl::AbortedError("the store changed meanwhile");
    }
    return absl::OkStatus();
  }

  const std::unique_ptr<FolderLock> lock_;  // let go last
  const std::unique_ptr<rocksdb::DB> db_;
  const std::vector<rocksdb::ColumnFamilyHandle*> tables_;  // by the number of the table
  std::shared_mutex order_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<KeyValueStore>> OpenRocksDb(const std::string& directory) {
  MREG_RETURN_IF_ERROR(CheckRoom(directory, 0, kReservedBytes));
  MREG_ASSIGN_OR_RETURN(auto lock, FolderLock::Take(directory));
  const auto cache = rocksdb::NewLRUCache(kBlockCacheBytes, kCacheShardBits);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName, TableOptions(cache));
  for (int i = 0; i < kTableCount; ++i) {
    descriptors.emplace_back(std::string(TableName(static_cast<Table>(i))), TableOptions(cache));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const auto status =
      rocksdb::DB::Open(DatabaseOptions(), directory, descriptors, &handles, &opened);
  if (!status.ok()) return ToStatus(status, fmt::format("open the index {}", directory));
  std::unique_ptr<rocksdb::DB> db(opened);
  db->DestroyColumnFamilyHandle(handles.front());
  handles.erase(handles.begin());
  return std::make_unique<RocksDbStore>(std::move(lock), std::move(db), std::move(handles));
}

}  // namespace mreg::kv
