#include "storage/content/stored_file.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "schema/base/status.h"

namespace mreg::content {
namespace {

// A walk over a model goes to and fro between its skeleton and the starts of its tensors.
constexpr size_t kRecentChunks = 4;

class StoredFile final : public ReadableFile {
 public:
  StoredFile(const ContentStore& store, Recipe recipe) : store_(store), recipe_(std::move(recipe)) {
    uint64_t end = 0;
    ends_.reserve(recipe_.spans.size());
    for (const Span& span : recipe_.spans) ends_.push_back(end += span.length);
  }

  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) const override;
  absl::StatusOr<uint64_t> Size() const override { return recipe_.size; }

 private:
  using Chunk = std::shared_ptr<const Bytes>;
  absl::StatusOr<Chunk> Fetch(uint32_t number) const;

  const ContentStore& store_;
  const Recipe recipe_;
  std::vector<uint64_t> ends_;  // of the spans, in the file
  mutable std::mutex mutex_;
  mutable std::deque<std::pair<uint32_t, Chunk>> recent_;
};

absl::StatusOr<size_t> StoredFile::ReadAt(uint64_t offset, std::span<char> buffer) const {
  size_t done = 0;
  auto end = std::ranges::upper_bound(ends_, offset);
  for (; done < buffer.size() && end != ends_.end(); ++end) {
    const Span& span = recipe_.spans[static_cast<size_t>(end - ends_.begin())];
    const uint64_t skip = offset + done - (*end - span.length);
    const size_t length = std::min<uint64_t>(span.length - skip, buffer.size() - done);
    MREG_ASSIGN_OR_RETURN(const Chunk plain, Fetch(span.chunk));
    if (plain->size() < span.offset + skip + length) {
      return absl::DataLossError("a chunk is shorter than its file needs");
    }
    plain->copy(buffer.data() + done, length, span.offset + skip);
    done += length;
  }
  return done;
}

absl::StatusOr<StoredFile::Chunk> StoredFile::Fetch(uint32_t number) const {
  {
    std::lock_guard lock(mutex_);
    for (const auto& [recent, plain] : recent_) {
      if (recent == number) return plain;
    }
  }
  MREG_ASSIGN_OR_RETURN(Bytes bytes, store_.Get(recipe_.chunks[number].id));
  auto plain = std::make_shared<const Bytes>(std::move(bytes));
  std::lock_guard lock(mutex_);
  recent_.emplace_back(number, plain);
  if (recent_.size() > kRecentChunks) recent_.pop_front();
  return plain;
}

}  // namespace

std::unique_ptr<ReadableFile> OpenStored(const ContentStore& store, Recipe recipe) {
  return std::make_unique<StoredFile>(store, std::move(recipe));
}

}  // namespace mreg::content
