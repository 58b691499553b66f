#include "storage/registry/artifact_file.h"

#include <algorithm>

#include "schema/base/status.h"

namespace mreg::registry {
namespace {

// A walk over a model goes to and fro between its skeleton and the starts of its tensors.
constexpr size_t kRecentChunks = 4;

}  // namespace

ArtifactFile::ArtifactFile(const content::ContentStore& content, content::Recipe recipe)
    : content_(content), recipe_(std::move(recipe)) {
  uint64_t end = 0;
  ends_.reserve(recipe_.spans.size());
  for (const content::Span& span : recipe_.spans) ends_.push_back(end += span.length);
}

absl::StatusOr<size_t> ArtifactFile::ReadAt(uint64_t offset, std::span<char> buffer) const {
  size_t done = 0;
  auto end = std::ranges::upper_bound(ends_, offset);
  for (; done < buffer.size() && end != ends_.end(); ++end) {
    const content::Span& span = recipe_.spans[static_cast<size_t>(end - ends_.begin())];
    const uint64_t skip = offset + done - (*end - span.length);
    const size_t length = std::min<uint64_t>(span.length - skip, buffer.size() - done);
    MREG_ASSIGN_OR_RETURN(const auto plain, Fetch(span.chunk));
    if (plain->size() < span.offset + skip + length) {
      return absl::DataLossError("a chunk is shorter than its file needs");
    }
    plain->copy(buffer.data() + done, length, span.offset + skip);
    done += length;
  }
  return done;
}

absl::StatusOr<std::shared_ptr<const Bytes>> ArtifactFile::Fetch(uint32_t chunk) const {
  {
    std::lock_guard lock(mutex_);
    for (const auto& [number, plain] : recent_) {
      if (number == chunk) return plain;
    }
  }
  MREG_ASSIGN_OR_RETURN(Bytes bytes, content_.GetUnverified(recipe_.chunks[chunk].id));
  auto plain = std::make_shared<const Bytes>(std::move(bytes));
  std::lock_guard lock(mutex_);
  recent_.emplace_back(chunk, plain);
  if (recent_.size() > kRecentChunks) recent_.pop_front();
  return plain;
}

}  // namespace mreg::registry
