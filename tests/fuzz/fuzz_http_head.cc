// Any bytes as a request's head and as a chunked body: refused, or understood in one way only.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "daemon/http/chunked.h"
#include "daemon/http/head.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckHead(std::string_view text) {
  const mreg::http::Limits limits;
  const auto end = mreg::http::FindHeadEnd(text, 0);
  if (!end || mreg::http::CheckPartialHead(text.substr(0, *end), limits)) return;
  const auto parsed = mreg::http::ParseHead(text.substr(0, *end), limits);
  if (const auto* error = std::get_if<mreg::http::ProtocolError>(&parsed)) {
    Require(error->status >= 400 && error->status <= 505 && !error->detail.empty());
    return;
  }
  const auto& head = std::get<mreg::http::Head>(parsed);
  Require(!head.request.method.empty() && head.request.path.starts_with('/'));
  Require(head.request.headers.size() <= limits.max_header_fields);
  const bool chunked = !head.request.Header("transfer-encoding").empty();
  Require(chunked == (head.framing == mreg::http::Framing::kChunked));
  Require(!chunked || !head.request.content_length);
}

struct Decoded {
  bool ok = true;
  bool done = false;
  std::string payload;
};

Decoded Decode(std::string_view body, size_t step) {
  mreg::http::ChunkedDecoder decoder;
  Decoded decoded;
  while (!body.empty() && !decoder.done()) {
    std::string piece(body.substr(0, step));
    const auto progress = decoder.Decode(piece);
    decoded.ok = progress.ok();
    if (!decoded.ok) return decoded;
    Require(progress->produced <= progress->consumed && progress->consumed <= piece.size());
    decoded.payload.append(piece, 0, progress->produced);
    body.remove_prefix(progress->consumed);
  }
  decoded.done = decoder.done();
  return decoded;
}

void CheckChunks(std::string_view body) {
  const Decoded whole = Decode(body, body.size()), bytewise = Decode(body, 1);
  Require(whole.ok == bytewise.ok && whole.done == bytewise.done);
  Require(!whole.ok || whole.payload == bytewise.payload);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  CheckHead(text);
  CheckChunks(text);
  return 0;
}
