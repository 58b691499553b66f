// Where a store's bytes are: from the files in it down to the pack files, in steps that add up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/content/content_store.h"

namespace mreg::content {

struct EncodingUsage {
  std::string name;  // "zstd"
  uint64_t chunks = 0;
  uint64_t plain_bytes = 0;
  uint64_t stored_bytes = 0;
};

// file_bytes - shared_bytes + loose_bytes = the encodings' plain_bytes;
// the encodings' stored_bytes + overhead_bytes + dead_bytes = pack_bytes.
struct Usage {
  uint64_t files = 0;
  uint64_t file_bytes = 0;
  int64_t shared_bytes = 0;  // that files have in common, or inside themselves
  uint64_t loose_bytes = 0;  // plain, of chunks that no file has (yet, or any more)
  std::vector<EncodingUsage> encodings;
  uint64_t overhead_bytes = 0;  // of headers and footers of packs and of records in use
  uint64_t dead_bytes = 0;      // of records that the index does not name
  uint64_t packs = 0;
  uint64_t pack_bytes = 0;

  uint64_t chunks() const;
  uint64_t plain_bytes() const;
  uint64_t stored_bytes() const;
};

// Reads all of the index and each pack's footer. Beside writers the sums can be off by what came
// meanwhile. What is damaged is left out.
absl::StatusOr<Usage> MeasureUsage(const ContentStore& store);

}  // namespace mreg::content
