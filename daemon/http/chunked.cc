#include "daemon/http/chunked.h"

#include <algorithm>
#include <cstring>

#include "schema/base/status.h"

namespace mreg::http {
namespace {

constexpr size_t kMaxChunkLine = 256;
constexpr size_t kMaxTrailers = 8 * 1024;
// A chunk of one byte, the worst an honest client sends, has five bytes of framing.
constexpr uint64_t kFramingPerPayloadByte = 8;
constexpr uint64_t kFramingAllowance = 16 * 1024;
constexpr size_t kMaxSizeDigits = 15;  // so that a size never overflows

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsText(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

absl::Status Malformed() { return absl::InvalidArgumentError("the body is not well chunked"); }

}  // namespace

absl::StatusOr<ChunkedDecoder::Progress> ChunkedDecoder::Decode(std::span<char> data) {
  size_t in = 0, out = 0;
  while (in < data.size() && !done()) {
    if (state_ != State::kData) {
      MREG_RETURN_IF_ERROR(Step(data[in++]));
      continue;
    }
    const size_t taken = std::min<uint64_t>(remaining_, data.size() - in);
    if (in != out) std::memmove(data.data() + out, data.data() + in, taken);
    in += taken;
    out += taken;
    payload_bytes_ += taken;
    remaining_ -= taken;
    if (remaining_ == 0) state_ = State::kDataReturn;
  }
  return Progress{in, out};
}

absl::Status ChunkedDecoder::Step(char c) {
  MREG_RETURN_IF_ERROR(CountFraming());
  switch (state_) {
    case State::kSize:
      return StepSize(c);
    case State::kExtension:
      if (IsText(c)) return absl::OkStatus();
      return Expect(c, '\r', State::kSizeEnd);
    case State::kSizeEnd:
      return Expect(c, '\n', remaining_ == 0 ? State::kTrailerStart : State::kData);
    case State::kDataReturn:
      return Expect(c, '\r', State::kDataEnd);
    case State::kDataEnd:
      size_digits_ = 0;
      return Expect(c, '\n', State::kSize);
    case State::kTrailerStart:
      if (c == '\r') return Expect(c, '\r', State::kLastEnd);
      [[fallthrough]];
    case State::kTrailer:
      state_ = State::kTrailer;
      if (IsText(c)) return absl::OkStatus();
      return Expect(c, '\r', State::kTrailerEnd);
    case State::kTrailerEnd:
      return Expect(c, '\n', State::kTrailerStart);
    case State::kLastEnd:
      return Expect(c, '\n', State::kDone);
    case State::kData:
    case State::kDone:
      break;
  }
  return absl::InternalError("a chunked body is decoded past its end");
}

absl::Status ChunkedDecoder::StepSize(char c) {
  if (const int digit = HexValue(c); digit >= 0) {
    if (++size_digits_ > kMaxSizeDigits) return Malformed();
    remaining_ = remaining_ << 4 | static_cast<uint64_t>(digit);
    return absl::OkStatus();
  }
  if (size_digits_ == 0) return Malformed();
  if (c == ';' || c == ' ' || c == '\t') {
    state_ = State::kExtension;
    return absl::OkStatus();
  }
  return Expect(c, '\r', State::kSizeEnd);
}

absl::Status ChunkedDecoder::Expect(char c, char expected, State next) {
  if (c != expected) return Malformed();
  state_ = next;
  if (next == State::kSize) line_bytes_ = 0;
  return absl::OkStatus();
}

absl::Status ChunkedDecoder::CountFraming() {
  const bool trailers = state_ >= State::kTrailerStart;
  if (++line_bytes_ > (trailers ? kMaxTrailers : kMaxChunkLine)) {
    return absl::InvalidArgumentError(trailers ? "the trailers are too long"
                                               : "a chunk's line is too long");
  }
  if (++framing_bytes_ > kFramingAllowance + kFramingPerPayloadByte * payload_bytes_) {
    return absl::InvalidArgumentError("the chunks are too small for their framing");
  }
  return absl::OkStatus();
}

}  // namespace mreg::http
