// Checks a store, and rebuilds its index from its packs.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/content/content_store.h"

namespace mreg::content {

enum class FsckDepth {
  kIndex,    // everything named is there, footers are intact
  kContent,  // and every chunk's bytes hash to its id, every recipe gives its file
};

struct FsckReport {
  uint64_t packs = 0;
  uint64_t chunks = 0;
  uint64_t artifacts = 0;
  std::vector<std::string> problems;  // one sentence each; empty: the store is sound
  std::vector<ChunkId> damaged;       // or lost
};

// Never changes anything. `progress` is called with the bytes of packs checked so far. Fails only
// if the store cannot be read at all.
absl::StatusOr<FsckReport> Fsck(const ContentStore& store, FsckDepth depth,
                                const std::function<void(uint64_t)>& progress);

// Enters every pack's chunks into the index again. Recipes are not in packs: those of the index
// stay as they are. Packs with damaged footers are left out. Returns the number of chunks.
absl::StatusOr<uint64_t> RebuildIndex(ContentStore& store);

}  // namespace mreg::content
