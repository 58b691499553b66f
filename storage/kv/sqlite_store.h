// A KeyValueStore in one SQLite file, which several processes may use at once: a user's store,
// shared by all clones.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "storage/kv/key_value_store.h"

namespace mreg::kv {

// Opens or creates. A writer waits for another's batch for up to 30 s, then Unavailable.
absl::StatusOr<std::unique_ptr<KeyValueStore>> OpenSqlite(const std::string& path);

}  // namespace mreg::kv
