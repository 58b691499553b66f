// Proves files while their chunks arrive, so that they need not be read again for it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "schema/base/part_hasher.h"
#include "storage/content/arrival_hasher.h"
#include "storage/content/content_store.h"

namespace mreg::content {

// Called with a recipe whose spans, of chunks that hash to their ids and are as long as it says,
// hash to its artifact.
using OnFileProved = std::function<void(const Recipe& recipe)>;

// Only a help: a file of which too much comes out of order, or that is damaged or false, is given
// up. Memory: the recipes, and 16 MiB at most of chunks that come before their turn or are needed
// again. Not thread-safe, but for Write.
class FileProver final : public ArrivalHasher {
 public:
  // `expected`: the chunks that will arrive, of which each file has to be half at least. The others
  // are taken from `store`, which outlives the prover.
  FileProver(const ContentStore& store, std::vector<Recipe> files,
             std::span<const ChunkId> expected, OnFileProved on_proved);

  // Nothing to do.
  bool is_empty() const { return files_.empty(); }

  bool Write(const ChunkId&, ByteView) override { return true; }
  Bytes Hash(const ChunkId& id, ByteView plain, bool written) override;

 private:
  struct File {
    Recipe recipe;
    PartHasher hasher;
    size_t next_span = 0;
    bool is_over = false;  // proved or given up
  };
  struct Arrival {
    std::vector<File*> files;  // that have it, each once
    uint64_t uses = 0;         // spans that were not hashed yet
    bool is_past = false;
  };

  bool IsWorthIt(const Recipe& recipe) const;
  void Add(Recipe recipe);
  static bool GoesOnWith(const File& file, const ChunkId& id, ByteView plain);
  void Advance(File& file, const ChunkId& id, ByteView plain);
  bool HashNextSpan(File& file, const ChunkId& id, ByteView plain);
  void HashSpan(File& file, ByteView chunk);
  void Step(File& file);
  void Complete(File& file);
  void GiveUp(File& file);
  static bool Needs(const File& file, const ChunkId& id);
  void KeepIfNeeded(const ChunkId& id, ByteView plain, Arrival& arrival);

  const ContentStore& store_;
  const OnFileProved on_proved_;
  const absl::flat_hash_set<ChunkId> expected_;
  std::deque<File> files_;
  absl::flat_hash_map<ChunkId, Arrival> arrivals_;  // of all expected chunks that files have
  absl::flat_hash_map<ChunkId, Bytes> kept_;
  uint64_t kept_bytes_ = 0;
};

}  // namespace mreg::content
