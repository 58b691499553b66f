// An HTTP client for mregd's API, over TCP, TLS or a Unix socket. The one place that knows
// cpp-httplib.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/byte_stream.h"
#include "schema/base/bytes.h"
#include "storage/sync/http_remote.h"

namespace mreg::sync {

struct HttpRequest {
  std::string method = "GET";
  std::string path;  // percent-encoded, with query
  std::string content_type;
  Bytes body;
  // The server may work this long before it answers.
  std::chrono::seconds patience{60};
};

// Keeps its connection between calls. Not thread-safe. Errors: Unavailable if the server cannot
// be reached or the connection breaks; otherwise as the server says (ParseProblem).
class HttpClient {
 public:
  explicit HttpClient(const HttpEndpoint& endpoint);
  ~HttpClient();

  // The answer's body.
  absl::StatusOr<Bytes> Call(const HttpRequest& request);

  // With `length` bytes of `source` (nothing: all that it gives) as the request's body;
  // request.body is not used.
  absl::StatusOr<Bytes> Send(const HttpRequest& request, ByteSource& source,
                             std::optional<uint64_t> length);

  // With the answer's body given to `sink` as it comes.
  absl::Status Receive(const HttpRequest& request, ByteSink& sink);

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace mreg::sync
