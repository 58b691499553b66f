// Which files were proved while their chunks were uploaded, so that a push need not read them
// again. Internal to storage/registry.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "schema/base/clock.h"
#include "storage/content/arrival_hasher.h"
#include "storage/content/content_store.h"

namespace mreg::registry {

// That the chunks of a recipe hash to its file is true for ever and for everybody: a proof says
// nothing of who has the chunks, or whether they are here. Only a help, in bounded memory: what is
// forgotten, or was not proved because its chunks came in another way, has to be hashed.
// Thread-safe.
class FileProofs {
 public:
  // Both outlive it.
  FileProofs(const content::ContentStore& content, const Clock& clock)
      : content_(content), clock_(clock) {}

  // The next upload by `uploader` is to bring `missing`, chunks of `files`. What they were to bring
  // before is forgotten.
  void Expect(const std::string& uploader, std::vector<content::Recipe> files,
              std::vector<ChunkId> missing);

  // What proves the files of an upload that begins; null if there are none, or too many such
  // uploads. It does not outlive this.
  std::unique_ptr<content::ArrivalHasher> BeginUpload(const std::string& uploader);

  bool IsProved(const content::Recipe& recipe) const;

 private:
  struct Expected {
    std::string uploader;
    TimePoint since;
    std::vector<content::Recipe> files;
    std::vector<ChunkId> missing;
    size_t bytes = 0;  // of the recipes and ids
  };

  std::optional<Expected> TakeExpected(const std::string& uploader);
  void MakeRoomFor(size_t bytes);
  void Add(const content::Recipe& recipe);

  const content::ContentStore& content_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::deque<Expected> expected_;  // the oldest first
  size_t expected_bytes_ = 0;
  absl::flat_hash_set<Bytes> proved_;  // digests of recipes
  std::deque<Bytes> proved_in_order_;
  std::atomic<size_t> uploads_ = 0;  // that prove files
};

}  // namespace mreg::registry
