// Fetching again what a store has lost.
#pragma once

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "storage/content/content_store.h"
#include "storage/sync/remote.h"
#include "storage/sync/transfer.h"

namespace mreg::sync {

struct RepairOutcome {
  uint64_t repaired = 0;        // chunks that came, were proved and are in place
  uint64_t received_bytes = 0;  // on the wire
  uint64_t unknown_files = 0;   // that are damaged here, and that the remote lacks
};

// Fetches `damaged` chunks (content::FsckReport) of all files that the remote has, too. Each takes
// the place of the damaged one in the index when it is proved and durable; until then nothing is
// forgotten. What no file needs is forgotten at the end, and so are packs that cannot be read and
// of which nothing is used any more. Unavailable if the connection breaks: what came stays. A new
// check tells what is still damaged.
absl::StatusOr<RepairOutcome> Repair(content::ContentStore& content, Remote& remote,
                                     std::span<const ChunkId> damaged, const Progress& progress);

}  // namespace mreg::sync
