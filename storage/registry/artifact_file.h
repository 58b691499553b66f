// A stored file, read at any place. Internal to storage/registry.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "schema/base/file_system.h"
#include "storage/content/content_store.h"

namespace mreg::registry {

// Decodes the chunks that a read touches, and keeps the last few. Their hashes are not looked at:
// for files that were proved as a whole. Thread-safe. The store outlives it.
class ArtifactFile final : public ReadableFile {
 public:
  ArtifactFile(const content::ContentStore& content, content::Recipe recipe);

  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) const override;
  absl::StatusOr<uint64_t> Size() const override { return recipe_.size; }

 private:
  absl::StatusOr<std::shared_ptr<const Bytes>> Fetch(uint32_t chunk) const;

  const content::ContentStore& content_;
  const content::Recipe recipe_;
  std::vector<uint64_t> ends_;  // of the spans, in the file
  mutable std::mutex mutex_;
  mutable std::deque<std::pair<uint32_t, std::shared_ptr<const Bytes>>> recent_;
};

}  // namespace mreg::registry
