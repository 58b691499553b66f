// HTTP as handlers see it: no socket, no Beast.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/byte_stream.h"

namespace mreg::http {

// How the request reached us: a TCP peer, or the socket in the data folder, which only its owner
// can open.
enum class Origin { kNetwork, kOwnerSocket };

// The head of a request, already checked against the server's limits.
struct Request {
  std::string method;                                        // "GET"
  std::string path;                                          // percent-decoded, begins with '/'
  std::string raw_path;                                      // the same as sent, for the router
  std::vector<std::pair<std::string, std::string>> query;    // decoded, in order
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::optional<uint64_t> content_length;                    // nothing: chunked or no body
  std::string peer;                                          // address from the socket
  std::string id;                                            // for the log and X-Request-Id
  Origin origin = Origin::kNetwork;

  // The first value of header `lower_case_name`, "" if there is none.
  std::string_view Header(std::string_view lower_case_name) const;
  std::optional<std::string_view> Query(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers = {};
  // A text, or a stream of `length` bytes that is read as the client takes it (nothing: unknown,
  // sent chunked, each Read as it comes). A stream that fails or ends early cuts the connection,
  // so that the client never takes a part for the whole; where the very first Read fails, the
  // client gets `Handler::Failure` instead, since the head is sent together with what it gives.
  // No source is needed in the answer to HEAD.
  struct Stream {
    std::unique_ptr<ByteSource> source;
    std::optional<uint64_t> length;
  };
  std::variant<std::string, Stream> body = {};
};

// Takes a request's body as it arrives. Called by one thread at a time, never two at once, and
// free to block on disk. Destroyed without Finish when the client is gone.
class BodyReceiver {
 public:
  virtual ~BodyReceiver() = default;

  // A failure ends the request: the response is made by `Handler::Failure`.
  virtual absl::Status Write(ByteView data) = 0;
  virtual Response Finish() = 0;
};

// Decides on each request. Thread-safe; called on threads that may block.
class Handler {
 public:
  virtual ~Handler() = default;

  // Either the response right away (the body is then drained within limits or the connection
  // closed), or a receiver for the body.
  using Outcome = std::variant<Response, std::unique_ptr<BodyReceiver>>;
  virtual Outcome Start(const Request& request) = 0;

  // The response for `status` in the API's own form (RFC 9457 problem details).
  virtual Response Failure(const Request& request, const absl::Status& status) = 0;
  // The same for an error that HTTP itself defines and the server found before any handler: 400,
  // 408, 413, 414, 415, 431, 503...
  virtual Response ProtocolFailure(int http_status, std::string_view detail) = 0;
};

// A receiver that collects a body of at most `limit` bytes in memory (more is OutOfRange, 413)
// and then answers with `then(body)`.
std::unique_ptr<BodyReceiver> CollectBody(size_t limit, std::function<Response(std::string)> then);

}  // namespace mreg::http
