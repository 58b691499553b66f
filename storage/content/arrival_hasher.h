// Hashes chunks that arrive, and with them the files that they belong to.
#pragma once

#include "schema/base/bytes.h"
#include "schema/base/ids.h"

namespace mreg::content {

class ArrivalHasher {
 public:
  virtual ~ArrivalHasher() = default;

  // Takes the bytes of a chunk, which need not be proved yet. What it returns is for Hash. From any
  // thread.
  virtual bool Write(const ChunkId& id, ByteView plain) = 0;

  // The SHA-256 of `plain`, for which Write returned `written`. One call at a time, in the order in
  // which the chunks arrive.
  virtual Bytes Hash(const ChunkId& id, ByteView plain, bool written) = 0;
};

}  // namespace mreg::content
