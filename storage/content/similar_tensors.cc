#include "storage/content/similar_tensors.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "schema/base/coding.h"
#include "schema/base/status.h"
#include "storage/content/content_store.h"
#include "storage/content/encoding/prediction.h"

namespace mreg::content {
namespace {

using kv::Table;

// Rows lie in buckets, by the lowest bits of their sketches. Buckets are looked through whose
// number differs from the sketch's in doubtful bits only, and in the first few of these.
constexpr unsigned kBucketBits = 12;
constexpr uint64_t kBucketMask = (uint64_t{1} << kBucketBits) - 1;
constexpr int kTurnedBits = 4;

// Measured: of pairs with noise of up to 30 % of the spread 99 % are within 12, of unrelated pairs
// 2 in ten million.
constexpr int kAlike = 12;
// Nearer than this is near enough to look no further.
constexpr int kVeryAlike = 3;
constexpr size_t kMostRows = 8'192;     // that a lookup reads
constexpr size_t kMostCandidates = 16;  // whose recipes it reads
constexpr size_t kFilesRemembered = 4;
constexpr size_t kRowsInBatch = 1'024;

constexpr size_t kBucketBytes = 2;
constexpr size_t kChunkPrefixBytes = 8;
constexpr size_t kKeyBytes = kBucketBytes + 8 + kChunkPrefixBytes;
constexpr size_t kRowBytes = ArtifactId::kBytes + 5;

Bytes BucketKey(uint64_t bucket) {
  return {static_cast<char>(bucket >> 8 & 0xff), static_cast<char>(bucket & 0xff)};
}

Bytes KeyOf(uint64_t sketch, const ChunkId& first) {
  Bytes key = BucketKey(sketch & kBucketMask);
  AppendU64Be(key, sketch);
  key.append(first.bytes().substr(0, kChunkPrefixBytes));
  return key;
}

// The sketch's own bucket first.
std::vector<uint64_t> BucketsOf(const encoding::Sketch& sketch) {
  std::vector<uint64_t> buckets = {sketch.bits & kBucketMask};
  int turned = 0;
  for (unsigned bit = 0; bit < kBucketBits && turned < kTurnedBits; ++bit) {
    const uint64_t mask = uint64_t{1} << bit;
    if ((sketch.doubtful & mask) == 0) continue;
    ++turned;
    for (size_t i = buckets.size(); i > 0; --i) buckets.push_back(buckets[i - 1] ^ mask);
  }
  // Those with fewer bits turned are likelier.
  std::ranges::sort(buckets, {}, [&](uint64_t bucket) {
    return std::pair(encoding::Distance(bucket, sketch.bits & kBucketMask), bucket);
  });
  return buckets;
}

bool CanBeBase(onnx::DataType base, onnx::DataType type) {
  return base == type || encoding::CanFollow(base, type);
}

}  // namespace

struct SimilarTensors::Candidate {
  int distance;
  bool is_of_type;
  Bytes key, row;
};

void StageSketch(const Recipe& recipe, const SketchedTensor& tensor, kv::Batch& batch) {
  const StoredTensor stored = TensorOf(recipe, recipe.tensors[tensor.number]);
  Bytes row(recipe.artifact.bytes());
  AppendU32Le(row, tensor.number);
  row.push_back(static_cast<char>(stored.type));
  batch.Put(Table::kSketches, KeyOf(tensor.sketch, stored.chunks.front()), row);
}

void StageSketchRemoval(uint64_t sketch, const ChunkId& first, kv::Batch& batch) {
  batch.Remove(Table::kSketches, KeyOf(sketch, first));
}

absl::StatusOr<std::vector<SimilarTensors::Candidate>> SimilarTensors::Candidates(
    const TensorQuery& query) const {
  const auto is_of = [](ByteView key, const std::optional<ChunkId>& chunk) {
    return chunk &&
           key.substr(kKeyBytes - kChunkPrefixBytes) == chunk->bytes().substr(0, kChunkPrefixBytes);
  };
  std::vector<Candidate> candidates;
  size_t rows = 0;
  int nearest = 64;
  for (const uint64_t bucket : BucketsOf(query.sketch)) {
    MREG_RETURN_IF_ERROR(store_.index().Scan(
        Table::kSketches, BucketKey(bucket), "", [&](ByteView key, ByteView row) {
          if (key.size() != kKeyBytes || row.size() != kRowBytes) return true;
          if (is_of(key, query.itself)) return true;
          const int distance =
              encoding::Distance(ReadU64Be(key.substr(kBucketBytes)), query.sketch.bits);
          const onnx::DataType type = static_cast<unsigned char>(row.back());
          if (distance <= kAlike && CanBeBase(type, query.type)) {
            nearest = std::min(nearest, distance);
            candidates.push_back({distance, type == query.type, Bytes(key), Bytes(row)});
          }
          return ++rows < kMostRows;
        }));
    if (nearest <= kVeryAlike || rows >= kMostRows) break;
  }
  std::ranges::sort(candidates, {}, [](const Candidate& candidate) {
    return std::tuple(candidate.distance, !candidate.is_of_type, ByteView(candidate.key));
  });
  if (candidates.size() > kMostCandidates)
    candidates.erase(candidates.begin() + kMostCandidates, candidates.end());
  return candidates;
}

// A file's tensors are mostly like those of few others.
absl::StatusOr<const Recipe*> SimilarTensors::FileOf(const ArtifactId& artifact) {
  const auto known = std::ranges::find(last_, artifact, &Recipe::artifact);
  if (known != last_.end()) return &*known;
  MREG_ASSIGN_OR_RETURN(auto recipe, store_.FindRecipe(artifact));
  if (!recipe) return nullptr;
  if (last_.size() == kFilesRemembered) last_.pop_front();
  return &last_.emplace_back(*std::move(recipe));
}

// Nothing if the row is stale.
absl::StatusOr<std::optional<StoredTensor>> SimilarTensors::Load(const Candidate& candidate) {
  MREG_ASSIGN_OR_RETURN(
      const ArtifactId artifact,
      ArtifactId::FromBytes(ByteView(candidate.row).substr(0, ArtifactId::kBytes)));
  MREG_ASSIGN_OR_RETURN(const Recipe* const file, FileOf(artifact));
  const uint32_t number = ReadU32Le(ByteView(candidate.row).substr(ArtifactId::kBytes));
  if (file == nullptr || number >= file->tensors.size()) return std::nullopt;
  StoredTensor tensor = TensorOf(*file, file->tensors[number]);
  const ByteView prefix = ByteView(candidate.key).substr(kKeyBytes - kChunkPrefixBytes);
  if (tensor.chunks.empty() || !tensor.chunks.front().bytes().starts_with(prefix)) {
    return std::nullopt;
  }
  return tensor;
}

absl::StatusOr<std::optional<StoredTensor>> SimilarTensors::Find(const TensorQuery& query) {
  MREG_ASSIGN_OR_RETURN(auto found, FindSome(query, 1));
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

absl::StatusOr<std::vector<StoredTensor>> SimilarTensors::FindSome(const TensorQuery& query,
                                                                   size_t most) {
  std::vector<StoredTensor> found;
  MREG_ASSIGN_OR_RETURN(const auto candidates, Candidates(query));
  for (const Candidate& candidate : candidates) {
    MREG_ASSIGN_OR_RETURN(auto tensor, Load(candidate));
    if (!tensor) continue;
    if (query.may_use) {
      MREG_ASSIGN_OR_RETURN(const bool may_use, query.may_use(tensor->chunks));
      if (!may_use) continue;
    }
    found.push_back(*std::move(tensor));
    if (found.size() == most) break;
  }
  return found;
}

absl::StatusOr<std::optional<encoding::Sketch>> SimilarTensors::SketchOf(
    const StoredTensor& tensor) const {
  if (tensor.chunks.empty()) return std::nullopt;
  MREG_ASSIGN_OR_RETURN(const Bytes head, store_.Get(tensor.chunks.front()));
  return encoding::SketchOf(head, tensor.type);
}

absl::Status SimilarTensors::Enter(const Recipe& recipe) const {
  kv::Batch batch;
  for (uint32_t number = 0; number < recipe.tensors.size(); ++number) {
    const StoredTensor tensor = TensorOf(recipe, recipe.tensors[number]);
    if (tensor.chunks.empty()) continue;
    MREG_ASSIGN_OR_RETURN(const auto usable, store_.UsableBases({&tensor.chunks.front(), 1}));
    if (usable.empty()) continue;
    MREG_ASSIGN_OR_RETURN(const auto sketch, SketchOf(tensor));
    if (sketch) StageSketch(recipe, {number, sketch->bits}, batch);
  }
  return batch.writes().empty() ? absl::OkStatus() : store_.index().Commit(batch);
}

absl::Status SimilarTensors::RemoveStale() const {
  Bytes after;
  while (true) {
    std::vector<std::pair<Bytes, Bytes>> rows;
    MREG_RETURN_IF_ERROR(
        store_.index().Scan(Table::kSketches, "", after, [&](ByteView key, ByteView row) {
          rows.emplace_back(key, row.substr(0, ArtifactId::kBytes));
          return rows.size() < kRowsInBatch;
        }));
    if (rows.empty()) return absl::OkStatus();
    std::vector<ByteView> artifacts;
    for (const auto& row : rows) artifacts.push_back(row.second);
    MREG_ASSIGN_OR_RETURN(const auto recipes, store_.index().GetMany(Table::kRecipes, artifacts));
    kv::Batch batch;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!recipes[i]) batch.Remove(Table::kSketches, rows[i].first);
    }
    if (!batch.writes().empty()) MREG_RETURN_IF_ERROR(store_.index().Commit(batch));
    after = rows.back().first;
  }
}

}  // namespace mreg::content
