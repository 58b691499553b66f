// The second half of an exchange: the response.
#include <fmt/format.h>

#include <algorithm>

#include "daemon/http/exchange.h"
#include "daemon/http/piece.h"
#include "schema/base/status.h"

namespace mreg::http {
namespace {

using Kind = ResponseFraming::Kind;

}  // namespace

Awaitable<After> Exchange::Respond() {
  const ResponseFraming framing = FramingOf();
  const bool keep_alive = framing.kind != Kind::kUntilClose && KeepAlive();
  std::string front = FormatResponseHead({.status = response_->status,
                                          .headers = response_->headers,
                                          .framing = framing,
                                          .keep_alive = keep_alive,
                                          .request_id = head_.request.id});
  const auto* text = std::get_if<std::string>(&response_->body);
  const bool empty = !HasBody() || (framing.kind == Kind::kLength && framing.length == 0);
  // Chosen before: g++ 12 evaluates both sides of ?: in what is awaited.
  const std::string_view whole = empty || text == nullptr ? std::string_view() : *text;
  After after = After::kFinish;
  if (empty || text != nullptr) {
    after = co_await SendText(std::move(front), whole);
  } else {
    after = co_await SendStream(std::move(front), framing.kind == Kind::kChunked);
  }
  if (keep_alive && after == After::kFinish) after = After::kNext;
  co_return after;
}

// A body that was refused is skipped where it is here already; else the connection must end, for
// nobody knows whether the client will send it.
bool Exchange::KeepAlive() {
  if (!head_.keep_alive || must_close_ || service_.draining()) return false;
  if (body_.done()) return true;
  if (!body_.IsBuffered()) return false;
  body_.SkipBuffered();
  return true;
}

bool Exchange::HasBody() const {
  return head_.request.method != "HEAD" && response_->status != 204 && response_->status != 304;
}

ResponseFraming Exchange::FramingOf() const {
  if (response_->status == 204 || response_->status == 304) return {Kind::kNoBody, 0};
  if (const auto* text = std::get_if<std::string>(&response_->body)) {
    return {Kind::kLength, text->size()};
  }
  const auto& stream = std::get<Response::Stream>(response_->body);
  if (stream.length) return {Kind::kLength, *stream.length};
  return {head_.http11 ? Kind::kChunked : Kind::kUntilClose, 0};
}

Awaitable<IoError> Exchange::Send(std::array<std::string_view, 3> parts) {
  return wire_.Write(parts, Time::now() + service_.limits().idle_timeout);
}

After Exchange::Gone(IoError error) {
  error_ = error == IoError::kTimeout ? "the client takes the response too slowly"
                                      : "the client left in the middle of the response";
  return After::kReset;
}

Awaitable<After> Exchange::SendText(std::string front, std::string_view text) {
  do {
    const std::string_view piece = text.substr(0, kPieceBytes);
    const IoError error = co_await Send({front, piece, {}});
    if (error != IoError::kNone) co_return Gone(error);
    front.clear();
    bytes_out_ += piece.size();
    text.remove_prefix(piece.size());
  } while (!text.empty());
  co_return After::kFinish;
}

Awaitable<After> Exchange::SendStream(std::string front, bool chunked) {
  while (true) {
    const ResponseBody::Piece& piece = response_body_.piece();
    const std::string_view data = piece.view();
    if (!piece.last) offload_.Start([this] { response_body_.ReadNext(error_); });
    std::string_view back;
    if (chunked) {
      back = piece.last ? "0\r\n\r\n" : "\r\n";
      if (!piece.last) front.append(fmt::format("{:x}\r\n", data.size()));
    }
    const IoError error = co_await Send({front, data, back});
    const bool last = piece.last;
    co_await offload_.Wait();
    if (error != IoError::kNone) co_return Gone(error);
    bytes_out_ += data.size();
    if (last) co_return After::kFinish;
    const absl::Status& status = response_body_.piece().status;
    if (!status.ok()) {
      if (error_.empty()) error_ = MessageOf(status);
      co_return After::kReset;
    }
    front.clear();
  }
}

}  // namespace mreg::http
