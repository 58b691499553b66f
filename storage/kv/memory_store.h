// A KeyValueStore that forgets: for tests and simulations.
#pragma once

#include <memory>

#include "storage/kv/key_value_store.h"

namespace mreg::kv {

std::unique_ptr<KeyValueStore> MakeMemoryStore();

}  // namespace mreg::kv
