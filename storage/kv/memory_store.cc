#include "storage/kv/memory_store.h"

#include <array>
#include <map>
#include <mutex>
#include <utility>

namespace mreg::kv {
namespace {

class MemoryStore final : public KeyValueStore {
 public:
  absl::StatusOr<std::optional<Bytes>> Get(Table table, ByteView key) const override {
    std::lock_guard lock(mutex_);
    return Find(table, key);
  }

  absl::StatusOr<std::vector<std::optional<Bytes>>> GetMany(
      Table table, std::span<const ByteView> keys) const override {
    std::lock_guard lock(mutex_);
    std::vector<std::optional<Bytes>> values;
    values.reserve(keys.size());
    for (const ByteView key : keys) values.push_back(Find(table, key));
    return values;
  }

  absl::Status Scan(Table table, ByteView prefix, ByteView after,
                    const Visitor& visit) const override {
    std::map<Bytes, Bytes, std::less<>> rows;
    {
      std::lock_guard lock(mutex_);
      rows = tables_[static_cast<size_t>(table)];
    }
    auto row = after < prefix ? rows.lower_bound(prefix) : rows.upper_bound(after);
    for (; row != rows.end() && row->first.starts_with(prefix); ++row) {
      if (!visit(row->first, row->second)) break;
    }
    return absl::OkStatus();
  }

  absl::Status Commit(const Batch& batch) override {
    std::lock_guard lock(mutex_);
    for (const auto& [table, key, value] : batch.expectations()) {
      if (Find(table, key) != value) return absl::AbortedError("the store changed meanwhile");
    }
    for (const auto& [table, key, value] : batch.writes()) {
      auto& rows = tables_[static_cast<size_t>(table)];
      if (value) {
        rows.insert_or_assign(key, *value);
      } else {
        rows.erase(key);
      }
    }
    return absl::OkStatus();
  }

 private:
  std::optional<Bytes> Find(Table table, ByteView key) const {
    const auto& rows = tables_[static_cast<size_t>(table)];
    const auto row = rows.find(key);
    if (row == rows.end()) return std::nullopt;
    return row->second;
  }

  mutable std::mutex mutex_;
  std::array<std::map<Bytes, Bytes, std::less<>>, kTableCount> tables_;
};

}  // namespace

std::unique_ptr<KeyValueStore> MakeMemoryStore() { return std::make_unique<MemoryStore>(); }

}  // namespace mreg::kv
