// The pipeline that turns a file into chunks: read, cut, hash, look up, encode what is new,
// write in order. Internal to storage/content.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "schema/base/part_hasher.h"
#include "storage/content/base_finder.h"
#include "storage/content/content_cutter.h"
#include "storage/content/content_store.h"
#include "storage/content/like.h"
#include "storage/content/similar_tensors.h"

namespace mreg::content {

// For one file. Bytes are read once, in order: the file's hash and its chunks come from the same
// bytes, so a file that changes meanwhile cannot give a recipe that does not fit its hash.
class FilePutter {
 public:
  FilePutter(const ContentStore& store, const ReadableFile& file, BaseFinder& bases,
             ChunkIngest& ingest, const std::function<void(uint64_t)>& progress);
  ~FilePutter();

  // The recipe of the file as laid out, its chunks added to the ingest.
  absl::StatusOr<Recipe> Run(const Layout& layout);
  uint64_t new_bytes() const { return new_bytes_; }
  // Of its tensors, those that others may be differences to.
  std::vector<SketchedTensor> Bases() const;

 private:
  // Where none of so many matrices is a transposed one, no more are looked at.
  static constexpr int kTransposedTries = 8;

  using Block = std::shared_ptr<const Bytes>;
  // A chunk on its way through the pool; `stored` only if the store lacks it.
  struct Hashed {
    ChunkId id;
    std::optional<StoredChunk> stored;
    bool needs_bases = false;
    absl::Status status;
  };
  struct InFlight {
    std::future<Hashed> result;
    uint32_t length;
    onnx::DataType type;
  };
  // What the file's bytes are: all of chunk number `chunk`, or a part of the skeleton stream.
  struct Part {
    enum class Kind { kSkeleton, kContent, kTensorBegin, kTensorRest } kind;
    uint64_t at;  // number of the chunk, or offset in the skeleton stream
    uint64_t length;
  };
  // Number `chunk` is the first of the tensor.
  struct Sketched {
    SketchedTensor tensor;
    uint64_t chunk;
  };
  struct SkeletonChunk {
    uint64_t chunk;
    uint64_t start;  // in the skeleton stream
  };

  absl::Status PutTensor(const Region& region);
  absl::Status PutSkeleton(const Region& region);
  absl::Status PutContent(const Region& region);
  absl::StatusOr<Block> ReadBlock(uint64_t offset, uint64_t length);
  absl::StatusOr<Block> ReadHashed(uint64_t offset, uint64_t length);
  // Runs `hash` on the file's hash, in the order of the calls.
  void HashForFile(std::function<void()> hash);
  absl::Status CutBuffer(const CutSizes& sizes, bool to_the_end,
                         const std::function<void(uint64_t chunk, uint32_t length)>& on_chunk);
  std::optional<Alike> FindLike(const Region& region, ByteView head);
  std::vector<StoredTensor> FindTransposed(const Region& region, ByteView head);
  // That of `candidates` with which the beginning of the tensor is stored smallest.
  std::optional<Alike> Best(std::vector<Alike> candidates, const Region& region,
                            ByteView head) const;
  // A piece of a tensor, whose hash comes from the same pass as the file's; and any other bytes,
  // which the file's hash has seen already. Both give the chunk's number.
  absl::StatusOr<uint64_t> SubmitPiece(Block plain, onnx::DataType type, Like like);
  absl::StatusOr<uint64_t> Submit(Block plain);
  absl::Status MakeRoom(uint64_t length);
  uint64_t Enqueue(std::future<Hashed> result, uint64_t length, onnx::DataType type);
  // What is to be stored for a chunk: nothing if the store has it.
  Hashed EncodeIfNew(const ChunkId& id, const Bytes& plain, onnx::DataType type,
                     const Like& like) const;
  absl::Status TakeOldest();
  Recipe Assemble(const ArtifactId& artifact) const;
  uint32_t AddChunkTo(Recipe& recipe, absl::flat_hash_map<ChunkId, uint32_t>& numbers,
                      uint64_t chunk) const;

  const ContentStore& store_;
  const ReadableFile& file_;
  BaseFinder& bases_;
  SimilarTensors similar_;
  int transposed_tries_ = kTransposedTries;
  ChunkIngest& ingest_;
  const std::function<void(uint64_t)>& progress_;
  PartHasher file_hash_;
  std::counting_semaphore<> hash_slots_;
  ThreadPool hasher_{1};  // one thread: the file's hash needs its blocks in order
  Bytes buffer_;          // of the stream that is being cut by content
  uint64_t skeleton_length_ = 0;
  std::vector<SkeletonChunk> skeleton_chunks_;
  std::vector<Part> parts_;
  std::vector<std::string> tensors_;  // names, in order
  std::vector<Sketched> sketched_;
  std::vector<RecipeChunk> chunks_;  // by number, with repetitions
  std::vector<bool> needs_bases_;    // of those chunks
  std::deque<InFlight> in_flight_;
  uint64_t in_flight_bytes_ = 0;
  uint64_t submitted_ = 0;
  uint64_t done_bytes_ = 0;
  uint64_t new_bytes_ = 0;
};

}  // namespace mreg::content
