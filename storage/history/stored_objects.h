// The git objects of one repository as rows of a key-value store (docs/formats/index.md), under an
// overlay of those written and not yet flushed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/bytes.h"
#include "schema/base/ids.h"
#include "storage/history/repository.h"
#include "storage/kv/key_value_store.h"

namespace mreg::history {

// The key of a row that belongs to a repository: its number, then `rest`.
Bytes RepositoryKey(uint64_t repository, ByteView rest);

// Thread-compatible. `store` outlives it.
class StoredObjects {
 public:
  StoredObjects(kv::KeyValueStore& store, uint64_t repository)
      : store_(store), repository_(repository) {}

  // As they lie there: nothing has been hashed. Nothing if absent; DataLoss for a row of no type.
  absl::StatusOr<std::optional<RawObject>> Find(const ObjectId& id) const;

  // At most two of those whose hexadecimal form begins with `digits`.
  absl::StatusOr<std::vector<ObjectId>> FindByPrefix(std::string_view digits) const;

  void Add(const ObjectId& id, ObjectType type, ByteView data);

  // As Repository::Flush. Objects handed to a batch stay readable here, and are handed out again
  // by the next Flush if that batch was never committed.
  absl::Status Flush(kv::Batch* batch);

 private:
  struct Pending {
    Bytes row;
    bool handed_out = false;
  };

  absl::Status DropCommitted();

  kv::KeyValueStore& store_;
  const uint64_t repository_;
  std::map<ObjectId, Pending> pending_;
};

}  // namespace mreg::history
