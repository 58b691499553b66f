// The record stream: chunks one behind the other, as they lie in a pack file and as they travel
// between registries. Specification: docs/formats/pack.md.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "schema/base/bytes.h"
#include "storage/content/codec.h"

namespace mreg::content {

inline constexpr uint32_t kStreamVersion = 1;
inline constexpr size_t kStreamHeaderBytes = 16;
inline constexpr size_t kRecordHeaderBytes = 48;

// The stream's first bytes.
Bytes StreamHeader();
// What stands before a chunk's payload, the ids of its bases included.
Bytes RecordHeader(const StoredChunk& chunk);
// The stream's last bytes: without them it was cut.
Bytes EndRecord();

// Reads a stream that arrives in pieces. Not thread-safe.
class RecordParser {
 public:
  using OnChunk = std::function<absl::Status(StoredChunk chunk)>;
  explicit RecordParser(OnChunk on_chunk);

  // Calls back for each chunk that `data` completes. InvalidArgument for bytes that are no such
  // stream, a record beyond the size limits, or anything behind its end; errors of the callback
  // are passed on. After an error the parser is of no further use.
  absl::Status Feed(ByteView data);

  // True once the end record has come.
  bool at_end() const { return state_ == State::kEnd; }

 private:
  enum class State { kStreamHeader, kRecordHeader, kBases, kPayload, kEnd };

  absl::Status TakeStreamHeader();
  absl::Status TakeRecordHeader();
  absl::Status TakeBases();
  absl::Status TakePayload();

  const OnChunk on_chunk_;
  State state_ = State::kStreamHeader;
  size_t wanted_ = kStreamHeaderBytes;  // bytes that the present state needs
  Bytes pending_;                       // what has come of them
  StoredChunk chunk_;                   // its header has been read
  uint32_t stored_ = 0;                 // bytes of its payload
};

}  // namespace mreg::content
