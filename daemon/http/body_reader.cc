#include "daemon/http/body_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "schema/base/status.h"

namespace mreg::http {
namespace {

// A chunked piece is handed on when it is this full: its last few bytes are not worth a read each.
constexpr size_t kSmallTail = 4 * 1024;

}  // namespace

void BodyReader::Begin(const Head& head) {
  framing_ = head.framing;
  remaining_ = head.framing == Framing::kLength ? head.request.content_length.value_or(0) : 0;
  decoder_ = ChunkedDecoder();
  received_ = 0;
  credit_ = limits_.body_rate_window;
}

bool BodyReader::done() const {
  return framing_ == Framing::kChunked ? decoder_.done() : remaining_ == 0;
}

bool BodyReader::IsBuffered() const {
  return framing_ != Framing::kChunked && remaining_ <= wire_.input().size();
}

void BodyReader::SkipBuffered() {
  wire_.input().erase(0, remaining_);
  received_ += remaining_;
  remaining_ = 0;
}

size_t BodyReader::PieceSize(size_t most) const {
  return framing_ == Framing::kLength ? std::min<uint64_t>(most, remaining_) : most;
}

size_t BodyReader::TakeInput(std::span<char> piece) {
  std::string& input = wire_.input();
  const size_t taken = std::min(input.size(), piece.size());
  std::copy_n(input.begin(), taken, piece.begin());
  input.erase(0, taken);
  return taken;
}

Awaitable<BodyReader::Filled> BodyReader::Fill(std::span<char> piece) {
  return framing_ == Framing::kChunked ? FillByChunks(piece) : FillByLength(piece);
}

Awaitable<BodyReader::Filled> BodyReader::FillByLength(std::span<char> piece) {
  piece = piece.first(std::min<uint64_t>(piece.size(), remaining_));
  Filled filled;
  filled.size = TakeInput(piece);
  while (filled.size < piece.size() && !filled.error) {
    const IoResult read = co_await ReadSome(piece.subspan(filled.size));
    filled.size += read.size;
    if (read.error != IoError::kNone) filled.error = Explain(read.error);
  }
  remaining_ -= filled.size;
  received_ += filled.size;
  co_return filled;
}

Awaitable<BodyReader::Filled> BodyReader::FillByChunks(std::span<char> piece) {
  Filled filled;
  size_t raw = TakeInput(piece);
  filled.error = DecodeChunks(piece.first(raw), filled.size);
  while (!done() && !filled.error && piece.size() - filled.size > kSmallTail) {
    const IoResult read = co_await ReadSome(piece.subspan(filled.size));
    if (read.error != IoError::kNone) {
      filled.error = Explain(read.error);
    } else {
      filled.error = DecodeChunks(piece.subspan(filled.size, read.size), filled.size);
    }
  }
  co_return filled;
}

// Decodes `raw` where it is and adds the payload's size to `size`. What follows the body is the
// next request's.
std::optional<BodyError> BodyReader::DecodeChunks(std::span<char> raw, size_t& size) {
  const auto progress = decoder_.Decode(raw);
  if (!progress.ok()) return BodyError{400, std::string(MessageOf(progress.status()))};
  size += progress->produced;
  received_ += progress->produced;
  if (received_ > limits_.max_body_bytes) {
    return BodyError{413, fmt::format("the body is larger than {} bytes", limits_.max_body_bytes)};
  }
  const auto rest = raw.subspan(progress->consumed);
  wire_.input().insert(0, rest.data(), rest.size());
  return std::nullopt;
}

Awaitable<IoResult> BodyReader::ReadSome(std::span<char> into) {
  const auto start = Time::now();
  const IoResult read = co_await wire_.ReadSome(into, start + credit_);
  const uint64_t rate = std::max<uint64_t>(limits_.min_body_bytes_per_second, 1);
  const auto earned = std::chrono::nanoseconds(std::chrono::seconds(1)) *
                      static_cast<int64_t>(read.size) / static_cast<int64_t>(rate);
  credit_ =
      std::min<Time::duration>(limits_.body_rate_window, credit_ - (Time::now() - start) + earned);
  co_return read;
}

BodyError BodyReader::Explain(IoError error) const {
  if (error == IoError::kClosed) return BodyError{0, "the client left in the middle of the body"};
  return BodyError{408, fmt::format("the body came slower than {} bytes a second",
                                    limits_.min_body_bytes_per_second)};
}

}  // namespace mreg::http
