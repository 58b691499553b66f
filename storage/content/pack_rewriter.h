// Copies the live chunks of packs that are mostly dead into new packs. Internal to storage/content.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/content/content_store.h"
#include "storage/content/pack.h"

namespace mreg::content {

// The chunks of pack `info` that the index has there; none once it may be removed, since no row
// ever comes to name a pack that is already there. Errors as ReadPackFooter's.
absl::StatusOr<std::vector<PackedChunk>> ChunksNamedIn(const ContentStore& store,
                                                       const PackInfo& info);

// Removes from `chunks` those whose row is no longer as it is there.
absl::Status DropChanged(const kv::KeyValueStore& index, std::vector<PackedChunk>& chunks);

// Not thread-safe.
class PackRewriter {
 public:
  explicit PackRewriter(ContentStore& store) : store_(store) {}

  // Copies what the index has in pack `info`; durably at its new place after the next Finish.
  // DataLoss if one of those chunks is damaged: the pack is to be kept.
  absl::Status Add(const PackInfo& info);

  // Publishes what was copied and moves the index's rows there. Rows that changed meanwhile stay
  // as they are.
  absl::Status Finish();

  uint64_t pending_bytes() const { return writer_ ? writer_->size() : 0; }
  uint64_t copied_bytes() const { return copied_bytes_; }  // published

 private:
  absl::Status Copy(const PackedChunk& chunk);
  absl::Status Switch(const std::vector<PackedChunk>& copies);

  ContentStore& store_;
  std::optional<PackWriter> writer_;
  std::vector<PackedChunk> originals_;  // of what writer_ holds, in that order
  uint64_t copied_bytes_ = 0;
};

}  // namespace mreg::content
