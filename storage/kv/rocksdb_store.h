// A KeyValueStore in a RocksDB folder: a server's.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "storage/kv/key_value_store.h"

namespace mreg::kv {

// Opens or creates. One process at a time: Unavailable if another has it open. ResourceExhausted,
// here and from Commit, while less than 32 MiB are free on its disk; 12 suffice for a batch that
// only removes.
absl::StatusOr<std::unique_ptr<KeyValueStore>> OpenRocksDb(const std::string& directory);

}  // namespace mreg::kv
