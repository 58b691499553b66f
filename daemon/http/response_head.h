// The head of a response as it goes over the wire.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mreg::http {

// How the client is to find the end of the body.
struct ResponseFraming {
  enum class Kind { kLength, kChunked, kUntilClose, kNoBody };
  Kind kind = Kind::kLength;
  uint64_t length = 0;  // of kLength
};

struct ResponseHead {
  int status = 200;
  const std::vector<std::pair<std::string, std::string>>& headers;
  ResponseFraming framing;
  bool keep_alive = true;
  std::string_view request_id;
};

// Whether `name` is a token and `value` holds no control characters: a line end in either would
// let whoever chose it write header fields, or a whole response, of their own.
bool IsSafeHeader(std::string_view name, std::string_view value);

// Every one of `head.headers` must be safe. Those the server alone decides on (Content-Length,
// Transfer-Encoding, Connection, Date, Server, X-Request-Id and the like) are left out.
std::string FormatResponseHead(const ResponseHead& head);

}  // namespace mreg::http
