// The body of one request, off the wire.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "daemon/http/chunked.h"
#include "daemon/http/head.h"
#include "daemon/http/wire.h"

namespace mreg::http {

// What ends a request before its body does. A status of 0: the client is gone.
using BodyError = ProtocolError;

// Confined to the wire's strand.
class BodyReader {
 public:
  // Both outlive it.
  BodyReader(Wire& wire, const Limits& limits) : wire_(wire), limits_(limits) {}

  // For the body of the request with `head`.
  void Begin(const Head& head);

  // Fills `piece` from its start: all of it, or nearly, unless the body ends.
  struct Filled {
    size_t size = 0;
    std::optional<BodyError> error;
  };
  Awaitable<Filled> Fill(std::span<char> piece);

  bool done() const;
  // Whether all that is left was received along with the head.
  bool IsBuffered() const;
  // Skips what IsBuffered.
  void SkipBuffered();
  // A size of piece that is not much larger than what is left.
  size_t PieceSize(size_t most) const;
  uint64_t received() const { return received_; }

 private:
  size_t TakeInput(std::span<char> piece);
  Awaitable<Filled> FillByLength(std::span<char> piece);
  Awaitable<Filled> FillByChunks(std::span<char> piece);
  std::optional<BodyError> DecodeChunks(std::span<char> raw, size_t& size);
  Awaitable<IoResult> ReadSome(std::span<char> into);
  BodyError Explain(IoError error) const;

  Wire& wire_;
  const Limits& limits_;
  Framing framing_ = Framing::kNone;
  uint64_t remaining_ = 0;  // of Framing::kLength
  ChunkedDecoder decoder_;
  uint64_t received_ = 0;
  // The time the client may still take: each byte earns some, up to the window. Time in which
  // nobody reads is not counted.
  Time::duration credit_{};
};

}  // namespace mreg::http
