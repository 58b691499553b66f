// The chunked transfer coding of a request body (RFC 9112, 7.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/status/statusor.h"

namespace mreg::http {

// Takes a chunked body apart as it arrives. Strict, since what two parsers read differently is a
// way past a proxy: only CRLF ends a line. What is not payload is bounded: a chunk's line, the
// trailers, and the sum of all framing in proportion to the payload (a body of tiny chunks with
// long extensions costs more than it brings). Trailers are dropped.
class ChunkedDecoder {
 public:
  struct Progress {
    size_t consumed;  // of what was given; less than all of it only when done
    size_t produced;  // payload, moved to the front of what was given
  };

  // InvalidArgument for what is not chunked coding, or beyond the bounds. Not to be called again
  // after that, nor when done.
  absl::StatusOr<Progress> Decode(std::span<char> data);

  bool done() const { return state_ == State::kDone; }

 private:
  enum class State {
    kSize,
    kExtension,
    kSizeEnd,
    kData,
    kDataReturn,
    kDataEnd,
    kTrailerStart,
    kTrailer,
    kTrailerEnd,
    kLastEnd,
    kDone,
  };

  absl::Status Step(char c);
  absl::Status StepSize(char c);
  absl::Status Expect(char c, char expected, State next);
  absl::Status CountFraming();

  State state_ = State::kSize;
  uint64_t remaining_ = 0;  // of the current chunk
  size_t size_digits_ = 0;
  size_t line_bytes_ = 0;  // of the chunk's line; the last one's go on through the trailers
  uint64_t payload_bytes_ = 0;
  uint64_t framing_bytes_ = 0;
};

}  // namespace mreg::http
