#include "daemon/http/wire.h"

#include <algorithm>

namespace mreg::http {
namespace {

constexpr size_t kDrainBytes = 256 * 1024;
constexpr std::chrono::seconds kDrainTime{1};
constexpr size_t kKeptInput = 16 * 1024;

}  // namespace

IoError Wire::Outcome(const ErrorCode& error) {
  deadline_.Clear();
  if (!error) return IoError::kNone;
  return deadline_.expired() ? IoError::kTimeout : IoError::kClosed;
}

Awaitable<IoError> Wire::Handshake(Time::time_point until) {
  deadline_.Set(until);
  const auto [error] = co_await stream_->Handshake();
  co_return Outcome(error);
}

Awaitable<IoResult> Wire::ReadSome(std::span<char> into, Time::time_point until) {
  // Bytes that trickle in are always there at once; the limit holds all the same.
  if (Time::now() >= until) co_return IoResult{IoError::kTimeout, 0};
  deadline_.Set(until);
  const auto [error, size] = co_await stream_->ReadSome(asio::buffer(into.data(), into.size()));
  const IoError outcome = Outcome(error);
  co_return IoResult{size > 0 ? IoError::kNone : outcome, size};
}

Awaitable<IoError> Wire::ReadInput(size_t most, Time::time_point until) {
  const size_t before = input_.size();
  input_.resize(before + most);
  const IoResult result = co_await ReadSome(std::span(input_).subspan(before), until);
  input_.resize(before + result.size);
  co_return result.error;
}

Awaitable<IoError> Wire::Write(std::array<std::string_view, 3> parts, Time::time_point until) {
  std::array<asio::const_buffer, 3> buffers;
  std::ranges::transform(parts, buffers.begin(), [](std::string_view part) {
    return asio::const_buffer(part.data(), part.size());
  });
  deadline_.Set(until);
  const auto [error, size] = co_await stream_->Write(buffers);
  co_return Outcome(error);
}

Awaitable<> Wire::Finish() {
  deadline_.Set(Time::now() + kDrainTime);
  co_await stream_->ShutdownSend();
  std::string scrap(kKeptInput, '\0');
  for (size_t drained = 0; drained < kDrainBytes && !deadline_.expired();) {
    const auto [error, size] =
        co_await stream_->socket().async_read_some(asio::buffer(scrap), kAwait);
    if (error) break;
    drained += size;
  }
  deadline_.Clear();
  stream_->Close();
}

void Wire::ReleaseInput() {
  if (input_.empty() && input_.capacity() > 2 * kKeptInput) input_ = std::string();
}

}  // namespace mreg::http
