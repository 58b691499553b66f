#include "storage/sync/http_client.h"

#include <fmt/format.h>
#include <httplib.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "schema/base/status.h"
#include "storage/sync/problem.h"

namespace mreg::sync {
namespace {

constexpr size_t kSendBytes = 1 << 20;
constexpr size_t kMaxProblemBytes = 64 << 10;
constexpr int kFirstErrorStatus = 400;
constexpr int kSocketBufferBytes = 4 << 20;
constexpr std::chrono::seconds kConnectTimeout{10};
constexpr std::chrono::seconds kWriteTimeout{60};

bool IsSuccess(int status) { return status >= 200 && status < 300; }

std::string_view Describe(httplib::Error error) {
  switch (error) {
    case httplib::Error::Connection:
      return "it cannot be reached";
    case httplib::Error::SSLConnection:
    case httplib::Error::SSLLoadingCerts:
      return "a secure connection cannot be set up";
    case httplib::Error::SSLServerVerification:
      return "its certificate is not trusted";
    case httplib::Error::ConnectionTimeout:
      return "it does not answer";
    default:
      return "the connection broke";
  }
}

}  // namespace

struct HttpClient::Connection {
  explicit Connection(const HttpEndpoint& endpoint)
      : client(endpoint.unix_socket.empty() ? endpoint.base_url : endpoint.unix_socket),
        name(endpoint.unix_socket.empty() ? endpoint.base_url : endpoint.unix_socket) {
    if (!endpoint.unix_socket.empty()) {
      client.set_address_family(AF_UNIX);
      headers.emplace("Host", "localhost");
    }
    if (!endpoint.token.empty()) headers.emplace("Authorization", "Bearer " + endpoint.token);
    client.set_keep_alive(true);
    client.set_tcp_nodelay(true);
    client.set_url_encode(false);
    client.set_connection_timeout(kConnectTimeout);
    client.set_write_timeout(kWriteTimeout);
    client.set_socket_options([this](socket_t socket) {
      socket_ = socket;
      setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &kSocketBufferBytes, sizeof(kSocketBufferBytes));
      setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &kSocketBufferBytes, sizeof(kSocketBufferBytes));
    });
  }

  httplib::Request Make(const HttpRequest& request) {
    client.set_read_timeout(request.patience);
    httplib::Request made;
    made.method = request.method;
    made.path = request.path;
    made.headers = headers;
    if (!request.content_type.empty()) made.set_header("Content-Type", request.content_type);
    return made;
  }

  absl::Status Failure(httplib::Error error) const {
    return absl::UnavailableError(fmt::format("{}: {}", name, Describe(error)));
  }

  // The error that the server answered with before it had the whole request: it refuses an upload
  // in the middle and closes, and httplib does not look for an answer that comes early. OK if
  // there is none, or none that can be read beneath TLS.
  absl::Status EarlyProblem() const {
    Bytes answer(kMaxProblemBytes, '\0');
    const ssize_t got = recv(socket_, answer.data(), answer.size(), MSG_PEEK | MSG_DONTWAIT);
    if (got <= 0) return absl::OkStatus();
    answer.resize(static_cast<size_t>(got));
    const size_t head_end = answer.find("\r\n\r\n");
    int status = 0;
    if (head_end == Bytes::npos || std::sscanf(answer.c_str(), "HTTP/1.1 %3d", &status) != 1 ||
        status < kFirstErrorStatus) {
      return absl::OkStatus();
    }
    return ParseProblem(status, std::string_view(answer).substr(head_end + 4));
  }

  absl::StatusOr<Bytes> Answer(httplib::Result result) const {
    if (!result) return Failure(result.error());
    if (!IsSuccess(result->status)) return ParseProblem(result->status, result->body);
    return std::move(result->body);
  }

  httplib::Client client;
  const std::string name;
  httplib::Headers headers;

 private:
  socket_t socket_ = INVALID_SOCKET;
};

HttpClient::HttpClient(const HttpEndpoint& endpoint)
    : connection_(std::make_unique<Connection>(endpoint)) {}
HttpClient::~HttpClient() = default;

absl::StatusOr<Bytes> HttpClient::Call(const HttpRequest& request) {
  httplib::Request made = connection_->Make(request);
  made.body = request.body;
  return connection_->Answer(connection_->client.send(made));
}

absl::StatusOr<Bytes> HttpClient::Send(const HttpRequest& request, ByteSource& source,
                                       std::optional<uint64_t> length) {
  absl::Status status;
  Bytes buffer(kSendBytes, '\0');
  httplib::Request made = connection_->Make(request);
  if (length) {
    made.content_length_ = *length;
  } else {
    made.is_chunked_content_provider_ = true;
    made.set_header("Transfer-Encoding", "chunked");
  }
  made.content_provider_ = [&](size_t, size_t rest, httplib::DataSink& sink) {
    status = connection_->EarlyProblem();
    if (!status.ok()) return false;
    const size_t most = length ? std::min(rest, buffer.size()) : buffer.size();
    const auto got = source.Read(std::span(buffer).first(most));
    status = got.status();
    if (got.ok() && *got == 0 && length) status = absl::InternalError("the stream ended early");
    if (!status.ok()) return false;
    if (*got == 0) {
      sink.done();
      return true;
    }
    if (sink.write(buffer.data(), *got)) return true;
    status = connection_->EarlyProblem();
    return false;
  };
  auto answer = connection_->Answer(connection_->client.send(made));
  if (!status.ok()) return status;
  return answer;
}

absl::Status HttpClient::Receive(const HttpRequest& request, ByteSink& sink) {
  absl::Status sink_status;
  int status = 0;
  Bytes problem;
  httplib::Request made = connection_->Make(request);
  made.body = request.body;
  made.response_handler = [&](const httplib::Response& response) {
    status = response.status;
    return true;
  };
  made.content_receiver = [&](const char* data, size_t size, uint64_t, uint64_t) {
    if (IsSuccess(status)) {
      sink_status = sink.Write(ByteView(data, size));
    } else if (problem.size() < kMaxProblemBytes) {
      problem.append(data, size);
    }
    return sink_status.ok();
  };
  const httplib::Result result = connection_->client.send(made);
  if (!sink_status.ok()) return sink_status;
  if (!result) return connection_->Failure(result.error());
  return IsSuccess(result->status) ? absl::OkStatus() : ParseProblem(result->status, problem);
}

}  // namespace mreg::sync
