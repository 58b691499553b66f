#include "daemon/http/exchange.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/http/piece.h"
#include "schema/base/status.h"

namespace mreg::http {
namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

Exchange::~Exchange() {
  offload_.Discard(std::move(receiver_));
  if (!response_) return;
  auto* stream = std::get_if<Response::Stream>(&response_->body);
  if (stream != nullptr) offload_.Discard(std::move(stream->source));
}

Awaitable<After> Exchange::Run(std::variant<Head, ProtocolError> head, std::string peer,
                               Origin origin) {
  if (auto* good = std::get_if<Head>(&head)) head_ = std::move(*good);
  head_.request.peer = std::move(peer);
  head_.request.origin = origin;
  head_.request.id = service_.ids().Next();
  if (const auto* error = std::get_if<ProtocolError>(&head)) {
    co_await Call([this, error] { Refuse(*error); });
  } else {
    body_.Begin(head_);
    co_await Call([this] { StartHandler(); });
    if (receiver_ != nullptr) co_await Receive();
  }
  After after = After::kGone;
  if (response_) after = co_await Respond();
  Log();
  co_return after;
}

Awaitable<> Exchange::Call(std::function<void()> call) {
  offload_.Start(std::move(call));
  co_await offload_.Wait();
}

void Exchange::StartHandler() {
  auto outcome = service_.Start(head_.request, error_);
  if (auto* response = std::get_if<Response>(&outcome)) {
    TakeResponse(std::move(*response));
  } else {
    receiver_ = std::get<std::unique_ptr<BodyReceiver>>(std::move(outcome));
  }
}

void Exchange::WriteBody(ByteView data) {
  if (!data.empty()) write_status_ = service_.Write(*receiver_, data, error_);
}

void Exchange::FinishBody(ByteView data) {
  WriteBody(data);
  if (!write_status_.ok()) return FailBody(write_status_);
  TakeResponse(service_.Finish(head_.request, *receiver_, error_));
  receiver_.reset();
}

void Exchange::FailBody(const absl::Status& status) {
  must_close_ = !body_.done();
  receiver_.reset();
  TakeResponse(service_.Failure(head_.request, status, error_));
}

void Exchange::Refuse(const ProtocolError& error) {
  must_close_ = true;
  receiver_.reset();
  TakeResponse(service_.ProtocolFailure(error.status, error.detail, error_));
}

// Reads the first piece of a stream too: while nothing is sent, its failure can still be told.
void Exchange::TakeResponse(Response response) {
  response_ = std::move(response);
  auto* stream = std::get_if<Response::Stream>(&response_->body);
  if (stream == nullptr || stream->length == 0 || !HasBody()) return;
  absl::Status status = absl::InternalError("internal error");
  if (stream->source != nullptr) {
    response_body_.Begin(stream->source.get(), stream->length);
    response_body_.ReadNext(error_);
    status = response_body_.piece().status;
  }
  if (status.ok()) return;
  if (error_.empty()) error_ = MessageOf(status);
  response_ = service_.Failure(head_.request, status, error_);
  // A failure is a text; a stream here would be a second chance to fail.
  if (!std::holds_alternative<std::string>(response_->body)) response_->body = std::string();
}

Awaitable<> Exchange::Receive() {
  if (!co_await SendContinue()) co_return;
  for (size_t turn = 0;; turn ^= 1) {
    const std::span<char> piece = BodyPiece(turn);
    const BodyReader::Filled filled = co_await body_.Fill(piece);
    co_await offload_.Wait();
    if (!write_status_.ok()) {
      co_await Call([this] { FailBody(write_status_); });
      co_return;
    }
    if (filled.error) {
      co_await EndBody(*filled.error);
      co_return;
    }
    const ByteView data(piece.data(), filled.size);
    if (body_.done()) {
      co_await Call([this, data] { FinishBody(data); });
      co_return;
    }
    offload_.Start([this, data] { WriteBody(data); });
  }
}

Awaitable<bool> Exchange::SendContinue() {
  if (!head_.expects_continue || body_.IsBuffered()) co_return true;
  const IoError error = co_await Send({kContinue, {}, {}});
  if (error != IoError::kNone) error_ = "the client left before its body";
  co_return error == IoError::kNone;
}

Awaitable<> Exchange::EndBody(const BodyError& error) {
  if (error.status == 0) {
    error_ = error.detail;
    co_return;
  }
  co_await Call([this, &error] { Refuse(error); });
}

std::span<char> Exchange::BodyPiece(size_t turn) {
  auto& piece = body_pieces_[turn];
  if (piece == nullptr) {
    body_piece_sizes_[turn] = body_.PieceSize(kPieceBytes);
    piece = std::make_unique_for_overwrite<char[]>(body_piece_sizes_[turn]);
  }
  return {piece.get(), body_piece_sizes_[turn]};
}

void Exchange::Log() {
  service_.Log(
      {.request_id = head_.request.id,
       .peer = head_.request.peer,
       .method = head_.request.method,
       .path = head_.request.path,
       .status = response_ ? response_->status : 0,
       .bytes_in = body_.received(),
       .bytes_out = bytes_out_,
       .duration = std::chrono::duration_cast<std::chrono::microseconds>(Time::now() - start_),
       .error = error_});
}

}  // namespace mreg::http
