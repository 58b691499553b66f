// Taking objects out of repositories in a key-value store, for garbage collection.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "schema/base/ids.h"
#include "storage/kv/key_value_store.h"

namespace mreg::history {

// Every object that repository number `repository` (as for OpenStored) has there.
absl::StatusOr<std::vector<ObjectId>> ListStoredObjects(const kv::KeyValueStore& store,
                                                        uint64_t repository);

// That nothing reaches them is for the caller to know.
void StageObjectRemoval(uint64_t repository, std::span<const ObjectId> objects, kv::Batch& batch);

}  // namespace mreg::history
