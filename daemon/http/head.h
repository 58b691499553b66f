// The head of a request: request line and fields, up to the empty line.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "daemon/http/limits.h"
#include "daemon/http/message.h"

namespace mreg::http {

// What a client is told when it breaks HTTP or a limit.
struct ProtocolError {
  int status = 0;
  std::string detail;
};

// How the end of the body is found.
enum class Framing { kNone, kLength, kChunked };

struct Head {
  Request request;  // peer, id and origin are the caller's to fill in
  Framing framing = Framing::kNone;
  bool http11 = true;
  bool keep_alive = true;
  bool expects_continue = false;
};

// The length of the head at the front of `input`, empty line included; nothing if it is not whole.
// `scanned` is how much of it an earlier call has seen.
std::optional<size_t> FindHeadEnd(std::string_view input, size_t scanned);

// The error, if `input`, the beginning of a head, is beyond a limit whatever follows.
std::optional<ProtocolError> CheckPartialHead(std::string_view input, const Limits& limits);

// `text` is a whole head. Refused are, beside what is malformed: lengths given twice or in two
// ways, transfer codings other than chunked, content codings, folded lines, no Host in HTTP/1.1,
// and whatever is beyond the limits.
std::variant<Head, ProtocolError> ParseHead(std::string_view text, const Limits& limits);

}  // namespace mreg::http
