#include "storage/content/file_putter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "schema/base/sha256.h"
#include "schema/base/status.h"
#include "storage/content/encoding/element.h"
#include "storage/content/encoding/sketch.h"
#include "storage/content/encoding/transposition.h"
#include "storage/content/run_on.h"

namespace mreg::content {
namespace {

constexpr uint64_t kBlockBytes = kTensorPiece;
constexpr size_t kMostFound = 2;               // candidates by a tensor's values
constexpr size_t kTrialBytes = 64 << 10;       // of a tensor, to compare candidates
constexpr int kHashSlots = 24;                 // blocks that wait for the file's hash
constexpr uint64_t kInFlightBytes = 24 << 20;  // of chunks in the pool

}  // namespace

FilePutter::FilePutter(const ContentStore& store, const ReadableFile& file, BaseFinder& bases,
                       ChunkIngest& ingest, const std::function<void(uint64_t)>& progress)
    : store_(store),
      file_(file),
      bases_(bases),
      similar_(store),
      ingest_(ingest),
      progress_(progress),
      hash_slots_(kHashSlots) {}

FilePutter::~FilePutter() {
  for (InFlight& chunk : in_flight_) chunk.result.wait();
}

absl::StatusOr<Recipe> FilePutter::Run(const Layout& layout) {
  for (const Region& region : layout.regions) {
    switch (region.cut) {
      case Cut::kTensor:
        MREG_RETURN_IF_ERROR(PutTensor(region));
        break;
      case Cut::kSkeleton:
        MREG_RETURN_IF_ERROR(PutSkeleton(region));
        break;
      case Cut::kContent:
        MREG_RETURN_IF_ERROR(PutContent(region));
        break;
    }
  }
  // The skeleton is one stream across regions; only now is its end known. Its last bytes are in
  // buffer_, which content regions leave empty.
  MREG_RETURN_IF_ERROR(CutBuffer(kSkeletonCut, true, [this](uint64_t chunk, uint32_t length) {
    skeleton_chunks_.push_back({chunk, skeleton_length_});
    skeleton_length_ += length;
  }));
  while (!in_flight_.empty()) MREG_RETURN_IF_ERROR(TakeOldest());
  auto digest = RunOn(hasher_, [this] { return file_hash_.Finish(); });
  return Assemble(*ArtifactId::FromBytes(digest.get()));
}

absl::StatusOr<FilePutter::Block> FilePutter::ReadBlock(uint64_t offset, uint64_t length) {
  auto block = std::make_shared<Bytes>(length, '\0');
  MREG_ASSIGN_OR_RETURN(const size_t got, file_.ReadAt(offset, *block));
  if (got != length) return absl::AbortedError("the file was cut while it was read");
  done_bytes_ += length;
  if (progress_) progress_(done_bytes_);
  return block;
}

// For bytes whose chunks are not known yet.
absl::StatusOr<FilePutter::Block> FilePutter::ReadHashed(uint64_t offset, uint64_t length) {
  MREG_ASSIGN_OR_RETURN(Block block, ReadBlock(offset, length));
  HashForFile([this, block] { file_hash_.Update(*block); });
  return block;
}

void FilePutter::HashForFile(std::function<void()> hash) {
  hash_slots_.acquire();
  hasher_.Schedule([this, hash = std::move(hash)] {
    hash();
    hash_slots_.release();
  });
}

absl::Status FilePutter::PutTensor(const Region& region) {
  std::optional<Alike> alike;
  tensors_.push_back(region.tensor);
  for (uint64_t done = 0; done < region.length;) {
    const uint64_t length = std::min<uint64_t>(kTensorPiece, region.length - done);
    MREG_ASSIGN_OR_RETURN(Block block, ReadBlock(region.offset + done, length));
    if (done == 0) alike = FindLike(region, *block);
    Like like = alike ? PieceOf(*alike, region.type, done, region.dims) : Like();
    MREG_ASSIGN_OR_RETURN(const uint64_t chunk,
                          SubmitPiece(std::move(block), region.type, std::move(like)));
    parts_.push_back(
        {done == 0 ? Part::Kind::kTensorBegin : Part::Kind::kTensorRest, chunk, length});
    done += length;
  }
  return absl::OkStatus();
}

// By name and shape, and by its values.
std::optional<Alike> FilePutter::FindLike(const Region& region, ByteView head) {
  std::vector<Alike> candidates;
  if (const StoredTensor* const guess = bases_.Find(region)) candidates.push_back({*guess});
  if (const auto sketch = encoding::SketchOf(head, region.type)) {
    const auto number = static_cast<uint32_t>(tensors_.size() - 1);
    sketched_.push_back({{number, sketch->bits}, submitted_});
    // A search that fails is no reason to refuse a file.
    const auto found = similar_.FindSome({*sketch, region.type, std::nullopt, nullptr}, kMostFound);
    for (const StoredTensor& tensor : found.ok() ? *found : std::vector<StoredTensor>()) {
      candidates.push_back({tensor});
    }
    if (!found.ok() || found->empty()) {
      for (const StoredTensor& tensor : FindTransposed(region, head)) {
        candidates.push_back({tensor, true});
      }
    }
  }
  return Best(std::move(candidates), region, head);
}

// Of a matrix whose transpose is stored: that is found by the sketch of this one the other way
// round, for which a few elements of each row are read.
std::vector<StoredTensor> FilePutter::FindTransposed(const Region& region, ByteView head) {
  if (transposed_tries_ == 0 || region.dims.size() != 2 || !encoding::CanTranspose(region.type)) {
    return {};
  }
  const uint64_t width = encoding::ElementOf(region.type)->width;
  const auto rows = static_cast<uint64_t>(std::max<int64_t>(region.dims[0], 1));
  const uint64_t row_bytes = region.length / rows;
  const uint64_t elements = std::min(encoding::kSketchElements, region.length / width);
  if (rows < 2 || row_bytes <= width || rows > elements || row_bytes * rows != region.length ||
      region.length > kMaxBases * uint64_t{kTensorPiece}) {
    return {};
  }
  const uint64_t part = (elements + rows - 1) / rows * width;  // of each row
  Bytes parts(part * rows, '\0');
  for (uint64_t row = 0; row < rows; ++row) {
    const std::span<char> to = std::span(parts).subspan(row * part, part);
    const uint64_t from = row * row_bytes;
    if (from + part <= head.size()) {
      head.copy(to.data(), part, from);
    } else if (const auto got = file_.ReadAt(region.offset + from, to); !got.ok() || *got != part) {
      return {};
    }
  }
  const std::array<int64_t, 2> turned{static_cast<int64_t>(part / width), region.dims[0]};
  const auto turn = encoding::TranspositionTo(turned, 0, parts, region.type);
  if (!turn) return {};
  --transposed_tries_;
  const auto sketch = encoding::SketchOf(Transpose(parts, *turn, elements), region.type);
  if (!sketch) return {};
  auto found = similar_.FindSome({*sketch, region.type, std::nullopt, nullptr}, 1);
  if (!found.ok()) return {};
  std::erase_if(*found, [&](const StoredTensor& tensor) {
    return tensor.chunks.size() > kMaxBases ||
           encoding::CountElements(tensor.type, tensor.length) != region.length / width;
  });
  if (!found->empty()) transposed_tries_ = kTransposedTries;
  return *std::move(found);
}

// Candidates mostly lead to the same base. Only where they do not is it worth a trial.
std::optional<Alike> FilePutter::Best(std::vector<Alike> candidates, const Region& region,
                                      ByteView head) const {
  absl::flat_hash_set<std::pair<ChunkId, bool>> seen;
  std::erase_if(candidates, [&](const Alike& candidate) {
    if (candidate.tensor.chunks.empty()) return true;
    const ChunkId& first = candidate.tensor.chunks.front();
    const auto bases = store_.BasesOf({&first, 1});
    const ChunkId& base = bases.ok() && !bases->empty() ? bases->front() : first;
    return !seen.emplace(base, candidate.is_transposed).second;
  });
  if (candidates.empty()) return std::nullopt;
  if (candidates.size() == 1) return std::move(candidates.front());
  const Bytes sample(head.substr(0, kTrialBytes));
  return *std::ranges::min_element(candidates, {}, [&](const Alike& candidate) {
    const Like like = PieceOf(candidate, region.type, 0, region.dims);
    return EncodeLike(store_, ChunkId(), sample, region.type, like).payload.size();
  });
}

std::vector<SketchedTensor> FilePutter::Bases() const {
  std::vector<SketchedTensor> bases;
  for (const auto& [tensor, chunk] : sketched_) {
    if (!needs_bases_[chunk]) bases.push_back(tensor);
  }
  return bases;
}

absl::Status FilePutter::PutSkeleton(const Region& region) {
  const uint64_t start = skeleton_length_ + buffer_.size();
  parts_.push_back({Part::Kind::kSkeleton, start, region.length});
  for (uint64_t done = 0; done < region.length;) {
    const uint64_t length = std::min(kBlockBytes, region.length - done);
    MREG_ASSIGN_OR_RETURN(const Block block, ReadHashed(region.offset + done, length));
    buffer_.append(*block);
    done += length;
    MREG_RETURN_IF_ERROR(CutBuffer(kSkeletonCut, false, [this](uint64_t chunk, uint32_t cut) {
      skeleton_chunks_.push_back({chunk, skeleton_length_});
      skeleton_length_ += cut;
    }));
  }
  return absl::OkStatus();
}

absl::Status FilePutter::PutContent(const Region& region) {
  const auto on_chunk = [this](uint64_t chunk, uint32_t length) {
    parts_.push_back({Part::Kind::kContent, chunk, length});
  };
  Bytes skeleton = std::exchange(buffer_, {});
  for (uint64_t done = 0; done < region.length;) {
    const uint64_t length = std::min(kBlockBytes, region.length - done);
    MREG_ASSIGN_OR_RETURN(const Block block, ReadHashed(region.offset + done, length));
    buffer_.append(*block);
    done += length;
    MREG_RETURN_IF_ERROR(CutBuffer(kContentCut, done == region.length, on_chunk));
  }
  buffer_ = std::move(skeleton);
  return absl::OkStatus();
}

absl::Status FilePutter::CutBuffer(
    const CutSizes& sizes, bool to_the_end,
    const std::function<void(uint64_t chunk, uint32_t length)>& on_chunk) {
  ByteView rest = buffer_;
  while (!rest.empty() && (to_the_end || rest.size() >= sizes.max)) {
    const uint32_t length = FirstCut(rest, sizes);
    MREG_ASSIGN_OR_RETURN(const uint64_t chunk,
                          Submit(std::make_shared<const Bytes>(rest.substr(0, length))));
    on_chunk(chunk, length);
    rest.remove_prefix(length);
  }
  buffer_.erase(0, buffer_.size() - rest.size());
  return absl::OkStatus();
}

FilePutter::Hashed FilePutter::EncodeIfNew(const ChunkId& id, const Bytes& plain,
                                           onnx::DataType type, const Like& like) const {
  const auto known = store_.index().Get(kv::Table::kChunks, id.bytes());
  if (!known.ok()) return {id, std::nullopt, false, known.status()};
  if (known->has_value()) {
    const auto place = DecodePlace(**known);
    return {id, std::nullopt, place.ok() && !place->bases.empty(), place.status()};
  }
  StoredChunk stored = EncodeLike(store_, id, plain, type, like);
  const bool needs_bases = !stored.bases.empty();
  return {id, std::move(stored), needs_bases, absl::OkStatus()};
}

absl::StatusOr<uint64_t> FilePutter::SubmitPiece(Block plain, onnx::DataType type, Like like) {
  const uint64_t length = plain->size();
  MREG_RETURN_IF_ERROR(MakeRoom(length));
  auto encode = std::make_shared<std::packaged_task<Hashed(const ChunkId&)>>(
      [this, plain, type, like = std::move(like)](const ChunkId& id) {
        return EncodeIfNew(id, *plain, type, like);
      });
  auto result = encode->get_future();
  HashForFile([this, plain = std::move(plain), encode = std::move(encode)] {
    const auto id = *ChunkId::FromBytes(file_hash_.UpdateWithPart(*plain));
    store_.pool().Schedule([encode, id] { (*encode)(id); });
  });
  return Enqueue(std::move(result), length, type);
}

absl::StatusOr<uint64_t> FilePutter::Submit(Block plain) {
  const uint64_t length = plain->size();
  MREG_RETURN_IF_ERROR(MakeRoom(length));
  auto result = RunOn(store_.pool(), [this, plain = std::move(plain)] {
    return EncodeIfNew(IdOf<ChunkId>(*plain), *plain, 0, {});
  });
  return Enqueue(std::move(result), length, 0);
}

absl::Status FilePutter::MakeRoom(uint64_t length) {
  while (in_flight_bytes_ + length > kInFlightBytes && !in_flight_.empty()) {
    MREG_RETURN_IF_ERROR(TakeOldest());
  }
  return absl::OkStatus();
}

uint64_t FilePutter::Enqueue(std::future<Hashed> result, uint64_t length, onnx::DataType type) {
  in_flight_.push_back({std::move(result), static_cast<uint32_t>(length), type});
  in_flight_bytes_ += length;
  return submitted_++;
}

absl::Status FilePutter::TakeOldest() {
  InFlight oldest = std::move(in_flight_.front());
  in_flight_.pop_front();
  in_flight_bytes_ -= oldest.length;
  const Hashed hashed = oldest.result.get();
  MREG_RETURN_IF_ERROR(hashed.status);
  chunks_.push_back({hashed.id, oldest.length, oldest.type});
  needs_bases_.push_back(hashed.needs_bases);
  if (!hashed.stored || ingest_.Has(hashed.id)) return absl::OkStatus();
  new_bytes_ += oldest.length;
  return ingest_.Add(*hashed.stored);
}

uint32_t FilePutter::AddChunkTo(Recipe& recipe, absl::flat_hash_map<ChunkId, uint32_t>& numbers,
                                uint64_t chunk) const {
  const auto [found, is_new] =
      numbers.try_emplace(chunks_[chunk].id, static_cast<uint32_t>(recipe.chunks.size()));
  if (is_new) recipe.chunks.push_back(chunks_[chunk]);
  return found->second;
}

Recipe FilePutter::Assemble(const ArtifactId& artifact) const {
  Recipe recipe;
  recipe.artifact = artifact;
  recipe.size = done_bytes_;
  absl::flat_hash_map<ChunkId, uint32_t> numbers;
  size_t next = 0;  // skeleton chunk that holds the next skeleton part's first byte
  for (const Part& part : parts_) {
    if (part.kind == Part::Kind::kTensorBegin) {
      const auto span = static_cast<uint32_t>(recipe.spans.size());
      recipe.tensors.push_back({tensors_[recipe.tensors.size()], span, 0});
    }
    if (part.kind != Part::Kind::kSkeleton) {
      if (part.kind != Part::Kind::kContent) ++recipe.tensors.back().count;
      const uint32_t number = AddChunkTo(recipe, numbers, part.at);
      recipe.spans.push_back({number, 0, static_cast<uint32_t>(part.length)});
      continue;
    }
    for (uint64_t at = part.at; at < part.at + part.length;) {
      while (next + 1 < skeleton_chunks_.size() && skeleton_chunks_[next + 1].start <= at) ++next;
      const SkeletonChunk& chunk = skeleton_chunks_[next];
      const uint64_t chunk_end = chunk.start + chunks_[chunk.chunk].length;
      const uint64_t length = std::min(chunk_end, part.at + part.length) - at;
      recipe.spans.push_back({AddChunkTo(recipe, numbers, chunk.chunk),
                              static_cast<uint32_t>(at - chunk.start),
                              static_cast<uint32_t>(length)});
      at += length;
    }
  }
  return recipe;
}

}  // namespace mreg::content
