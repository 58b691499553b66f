// A stream with time limits and the bytes that were read ahead of their use.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "daemon/http/deadline.h"
#include "daemon/http/stream.h"

namespace mreg::http {

enum class IoError { kNone, kTimeout, kClosed };

struct IoResult {
  IoError error = IoError::kNone;
  size_t size = 0;  // not 0 if there is no error
};

// Confined to the stream's strand.
class Wire {
 public:
  explicit Wire(std::unique_ptr<Stream> stream)
      : stream_(std::move(stream)),
        deadline_(stream_->socket().get_executor(), [this] { stream_->Cancel(); }) {}

  // Once, at first. `owner` is what this is a part of.
  void Start(std::weak_ptr<void> owner) { deadline_.Start(std::move(owner)); }

  Awaitable<IoError> Handshake(Time::time_point until);
  Awaitable<IoResult> ReadSome(std::span<char> into, Time::time_point until);
  // Appends to input() up to `most` bytes.
  Awaitable<IoError> ReadInput(size_t most, Time::time_point until);
  Awaitable<IoError> Write(std::array<std::string_view, 3> parts, Time::time_point until);

  // Tells the peer that the answer is whole, then reads away what it still sends, within limits:
  // closing on unread bytes would make the kernel take the answer back from it.
  Awaitable<> Finish();

  // What was received and not yet used: the next request's beginning, or a body's.
  std::string& input() { return input_; }
  // Frees what a long head or a chunked body has left behind.
  void ReleaseInput();
  Stream& stream() { return *stream_; }

 private:
  IoError Outcome(const ErrorCode& error);

  std::unique_ptr<Stream> stream_;
  Deadline deadline_;
  std::string input_;
};

}  // namespace mreg::http
