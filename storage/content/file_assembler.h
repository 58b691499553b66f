// Puts files together while their chunks arrive, so that they need not be read and decoded again.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "schema/base/file_system.h"
#include "schema/base/part_hasher.h"
#include "storage/content/arrival_hasher.h"
#include "storage/content/content_store.h"

namespace mreg::content {

// Where files may be put together. Not thread-safe.
class FileOutputs {
 public:
  virtual ~FileOutputs() = default;

  // An empty file for the content of `artifact`; null if it is not wanted.
  virtual std::unique_ptr<RandomAccessFile> Open(const ArtifactId& artifact, uint64_t size) = 0;

  // It is whole, and what was written hashes to `artifact`. Files that never come so far are just
  // destroyed.
  virtual void Accept(const ArtifactId& artifact, std::unique_ptr<RandomAccessFile> file) = 0;
};

// Only a help: a file that cannot be put together, for whatever reason, is given up, and whoever
// wants it copies it from the store and learns why.
//
// The file's hash follows the chunks that arrive in its order, together with theirs. Where others
// came first, or were here before, it reads the file back.
class FileAssembler final : public ArrivalHasher {
 public:
  // `store` and `outputs` outlive it.
  FileAssembler(const ContentStore& store, FileOutputs& outputs);

  // The chunks that will arrive next. Any others of a file's are taken from the store.
  void Expect(std::span<const ChunkId> ids);

  // Takes on a file, if it is worth it (much of it is expected) and its output is wanted.
  void Add(const Recipe& recipe);

  // Writes the bytes of a chunk, which need not be proved yet, to where they belong, unless that
  // was done. True if it was done now: those of one call stand. From any thread.
  bool Write(const ChunkId& id, ByteView plain) override;

  Bytes Hash(const ChunkId& id, ByteView plain, bool written) override;

  // Completes what is left, after the last Hash. The files that were accepted.
  std::vector<ArtifactId> Finish();

 private:
  struct File {
    Recipe recipe;
    std::unique_ptr<RandomAccessFile> output;
    size_t next_span = 0;  // that was not hashed yet
    uint64_t offset = 0;   // of that span
    std::atomic<bool> is_given_up = false;
  };
  struct Place {
    File* file;
    uint64_t offset;  // in the file
    uint32_t begin;   // in the chunk
    uint32_t length;
  };

  // Hashes on in the files as far as their bytes are there.
  void Advance();
  bool IsNext(const ChunkId& id, ByteView plain) const;
  void GiveUpFilesWith(const ChunkId& id);
  bool HashNextSpan(File& file);
  static void Step(File& file);
  void TakeFromStore(const ChunkId& id, File& file);
  void Complete(File& file);

  const ContentStore& store_;
  FileOutputs& outputs_;
  std::deque<File> files_;
  size_t current_ = 0;  // file that is being hashed
  absl::flat_hash_map<ChunkId, std::vector<Place>> places_;
  absl::flat_hash_set<ChunkId> expected_;
  absl::flat_hash_set<ChunkId> arrived_;  // written, and seen by Hash
  std::mutex mutex_;
  absl::flat_hash_set<ChunkId> claimed_;  // written, or about to be; under mutex_
  PartHasher hasher_;                     // of the current file
  std::vector<ArtifactId> accepted_;
};

}  // namespace mreg::content
