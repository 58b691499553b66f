// The append-only log of a registry's events. Specification: docs/formats/journal.md.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mreg/v1/journal.pb.h"
#include "schema/base/bytes.h"
#include "signing/merkle.h"
#include "storage/kv/key_value_store.h"

namespace mreg::journal {

// The log's state after `size` entries.
struct Checkpoint {
  uint64_t size = 0;
  signing::TreeHash root;
};

struct StoredEntry {
  uint64_t sequence = 0;
  Bytes bytes;  // a serialised v1::JournalEntry: the Merkle leaf
};

// Thread-safe.
class Journal {
 public:
  virtual ~Journal() = default;

  // Adds `entry` (its sequence is set here) to `batch`, so that the event and what it tells of
  // happen together. Committing the batch is Aborted if another entry came first: then nothing
  // was written, and the caller stages anew. One entry a batch.
  virtual absl::Status Stage(v1::JournalEntry entry, kv::Batch& batch) const = 0;

  virtual absl::StatusOr<Checkpoint> Head() const = 0;

  // At most `limit` entries from number `from` on.
  virtual absl::StatusOr<std::vector<StoredEntry>> Read(uint64_t from, size_t limit) const = 0;

  // Proofs for RFC 6962 trees: that entry `index` is in the log of `size` entries, that the log
  // of `old_size` is a prefix of that of `size`. InvalidArgument for states the log never had.
  virtual absl::StatusOr<std::vector<signing::TreeHash>> ProveInclusion(uint64_t index,
                                                                        uint64_t size) const = 0;
  virtual absl::StatusOr<std::vector<signing::TreeHash>> ProveConsistency(uint64_t old_size,
                                                                          uint64_t size) const = 0;
};

// In the tables kJournal and kMerkle of `store`, which outlives it.
std::unique_ptr<Journal> OpenJournal(const kv::KeyValueStore& store);

// Reads the whole log and recomputes the tree. DataLoss if an entry is missing, out of its place
// or does not hash to its leaf.
absl::Status VerifyJournal(const Journal& journal);

}  // namespace mreg::journal
