// Checks a store, and rebuilds its index from its packs.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
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
  std::vector<ChunkId> damaged;       // or lost, or without their bases; sorted, each once
};

// Never changes anything. `progress` is called with the bytes of packs checked so far. Fails only
// if the store cannot be read at all.
absl::StatusOr<FsckReport> Fsck(const ContentStore& store, FsckDepth depth,
                                const std::function<void(uint64_t)>& progress);

// Those files whose recipes name one of `chunks` or are damaged themselves.
absl::StatusOr<std::vector<ArtifactId>> FilesWith(const ContentStore& store,
                                                  const absl::flat_hash_set<ChunkId>& chunks);

// Forgets those of `damaged` that no file names and that no other chunk has for a base.
absl::Status ForgetUnneeded(ContentStore& store, std::span<const ChunkId> damaged);

// Removes packs whose footers are damaged and in which the index has no chunk.
absl::Status RemoveUnreadablePacks(ContentStore& store);

// Enters every pack's chunks into the index again. Recipes are not in packs: those of the index
// stay as they are. Packs with damaged footers are left out. Returns the number of chunks.
absl::StatusOr<uint64_t> RebuildIndex(ContentStore& store);

}  // namespace mreg::content
