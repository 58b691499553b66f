// Streams of bytes, so that a file never has to be in memory.
#pragma once

#include <cstddef>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/bytes.h"

namespace mreg {

// Pulled from. Not thread-safe.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // Fills a prefix of `buffer` (not empty) and returns its length; 0 only at the end.
  virtual absl::StatusOr<size_t> Read(std::span<char> buffer) = 0;
};

// Pushed to. Not thread-safe.
class ByteSink {
 public:
  virtual ~ByteSink() = default;

  // Takes all of `data` or fails. After a failure the sink is of no further use.
  virtual absl::Status Write(ByteView data) = 0;
};

}  // namespace mreg
