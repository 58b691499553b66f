#include "daemon/http/connection.h"

#include <boost/asio/post.hpp>
#include <exception>

namespace mreg::http {
namespace {

constexpr size_t kReadAhead = 16 * 1024;

// RFC 9112, 2.2: empty lines before a request are let pass.
void StripEmptyLines(std::string& input) {
  size_t lines = 0;
  while (input.compare(lines, 2, "\r\n") == 0) lines += 2;
  input.erase(0, lines);
}

}  // namespace

Connection::Connection(Service& service, std::unique_ptr<Stream> stream, Peer peer,
                       Admission::Ticket ticket)
    : service_(service),
      executor_(stream->socket().get_executor()),
      peer_(std::move(peer)),
      ticket_(std::move(ticket)),
      wire_(std::move(stream)),
      offload_(service.workers(), executor_) {}

Awaitable<> Connection::Serve() {
  wire_.Start(weak_from_this());
  try {
    co_await ServeRequests();
  } catch (const std::exception&) {
    // Out of memory, or a fault of Asio's: this connection ends, the server does not.
  }
  co_await offload_.Wait();
  exchange_.reset();
  wire_.stream().Close();
}

Awaitable<> Connection::ServeRequests() {
  const auto until = Time::now() + service_.limits().header_timeout;
  const IoError handshake = co_await wire_.Handshake(until);
  if (handshake != IoError::kNone) co_return;
  while (true) {
    MaybeHead head = co_await ReadHead();
    if (!head) co_return;
    exchange_.emplace(service_, wire_, offload_);
    const After after = co_await exchange_->Run(*std::move(head), peer_.text, peer_.origin);
    exchange_.reset();
    if (after == After::kFinish) co_await wire_.Finish();
    if (after == After::kReset) wire_.stream().Reset();
    if (after != After::kNext) co_return;
    wire_.ReleaseInput();
  }
}

Awaitable<Connection::MaybeHead> Connection::ReadHead() {
  const auto arrival = Time::now();
  if (!co_await AwaitRequest()) co_return std::nullopt;
  const auto start = fresh_ ? arrival : Time::now();
  const auto until = start + service_.limits().header_timeout;
  fresh_ = false;
  scanned_ = 0;
  while (true) {
    MaybeHead head = TakeHead();
    if (head) co_return head;
    const IoError error = co_await wire_.ReadInput(kReadAhead, until);
    if (error == IoError::kClosed) co_return std::nullopt;
    if (error == IoError::kTimeout) {
      co_return ProtocolError{408, "the head of the request took too long"};
    }
  }
}

// Waits for the first bytes of a request. False: there will be none.
Awaitable<bool> Connection::AwaitRequest() {
  if (!wire_.input().empty()) co_return true;
  if (service_.draining()) co_return false;
  const Limits& limits = service_.limits();
  idle_ = true;
  const auto until = Time::now() + (fresh_ ? limits.header_timeout : limits.idle_timeout);
  const IoError error = co_await wire_.ReadInput(kReadAhead, until);
  idle_ = false;
  co_return error == IoError::kNone;
}

// Nothing: the input does not hold a whole head yet.
Connection::MaybeHead Connection::TakeHead() {
  std::string& input = wire_.input();
  StripEmptyLines(input);
  const auto end = FindHeadEnd(input, scanned_);
  scanned_ = input.size();
  if (end) {
    auto head = ParseHead(std::string_view(input).substr(0, *end), service_.limits());
    input.erase(0, *end);
    return head;
  }
  if (auto error = CheckPartialHead(input, service_.limits())) return *std::move(error);
  return std::nullopt;
}

void Connection::Drain() {
  asio::post(executor_, [self = shared_from_this()] {
    if (self->idle_) self->wire_.stream().Cancel();
  });
}

void Connection::Cut() {
  asio::post(executor_, [self = shared_from_this()] { self->wire_.stream().Close(); });
}

}  // namespace mreg::http
