#include "storage/content/artifact_reader.h"

#include <algorithm>
#include <cstring>

#include "schema/base/status.h"
#include "storage/content/run_on.h"

namespace mreg::content {
namespace {

constexpr uint64_t kAheadBytes = 12 << 20;
constexpr size_t kAheadPieces = 256;
constexpr size_t kRecentChunks = 4;

}  // namespace

ArtifactReader::ArtifactReader(const ContentStore& store, Recipe recipe, uint64_t offset,
                               uint64_t length, ChunkProof proof)
    : store_(store),
      recipe_(std::move(recipe)),
      proof_(proof),
      skip_(std::min(offset, recipe_.size)) {
  remaining_ = std::min(length, recipe_.size - skip_);
  while (next_span_ < recipe_.spans.size() && recipe_.spans[next_span_].length <= skip_) {
    skip_ -= recipe_.spans[next_span_++].length;
  }
}

std::shared_future<ArtifactReader::Plain> ArtifactReader::Fetch(uint32_t number) {
  for (const auto& [recent, chunk] : recent_) {
    if (recent == number) return chunk;
  }
  const ChunkId id = recipe_.chunks[number].id;
  const auto get = [&store = store_, id, proof = proof_]() -> Plain {
    MREG_ASSIGN_OR_RETURN(Bytes plain,
                          proof == ChunkProof::kHash ? store.Get(id) : store.GetUnverified(id));
    return std::make_shared<const Bytes>(std::move(plain));
  };
  std::shared_future<Plain> chunk = RunOn(store_.pool(), get).share();
  recent_.emplace_front(number, chunk);
  if (recent_.size() > kRecentChunks) recent_.pop_back();
  return chunk;
}

void ArtifactReader::ReadAhead() {
  while (remaining_ > 0 && ahead_bytes_ < kAheadBytes && pieces_.size() < kAheadPieces) {
    const Span& span = recipe_.spans[next_span_++];
    const uint32_t skip = static_cast<uint32_t>(std::exchange(skip_, 0));
    const uint32_t length =
        static_cast<uint32_t>(std::min<uint64_t>(span.length - skip, remaining_));
    pieces_.push_back({Fetch(span.chunk), span.offset + skip, length});
    remaining_ -= length;
    ahead_bytes_ += length;
  }
}

absl::StatusOr<ByteView> ArtifactReader::Next() {
  ReadAhead();
  if (pieces_.empty()) return ByteView();
  const Piece piece = std::move(pieces_.front());
  pieces_.pop_front();
  ahead_bytes_ -= piece.length;
  const Plain& plain = piece.chunk.get();
  if (!plain.ok()) return plain.status();
  if ((*plain)->size() < uint64_t{piece.offset} + piece.length) {
    return absl::DataLossError("a chunk is shorter than its recipe says");
  }
  current_ = *plain;
  return ByteView(*current_).substr(piece.offset, piece.length);
}

absl::StatusOr<size_t> ArtifactReader::Read(std::span<char> buffer) {
  size_t filled = 0;
  while (filled < buffer.size()) {
    if (rest_.empty()) {
      MREG_ASSIGN_OR_RETURN(rest_, Next());
      if (rest_.empty()) break;
    }
    const size_t take = std::min(rest_.size(), buffer.size() - filled);
    std::memcpy(buffer.data() + filled, rest_.data(), take);
    rest_.remove_prefix(take);
    filled += take;
  }
  return filled;
}

}  // namespace mreg::content
