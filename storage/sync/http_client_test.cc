// What the adapter adds to cpp-httplib, against a server that misbehaves.
#include "storage/sync/http_client.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "schema/base/status.h"
#include "storage/sync/http_remote.h"
#include "storage/sync/problem.h"

namespace mreg::sync {
namespace {

// Takes one connection, reads a little of the request, answers with `status` and closes.
class RefusingServer {
 public:
  explicit RefusingServer(const absl::Status& status) : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener_, generic, length), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    EXPECT_EQ(getsockname(listener_, generic, &length), 0);
    url_ = fmt::format("http://127.0.0.1:{}", ntohs(address.sin_port));
    thread_ = std::jthread([this, status] { ServeOne(status); });
  }
  ~RefusingServer() {
    thread_.join();
    close(listener_);
  }
  RefusingServer(const RefusingServer&) = delete;
  RefusingServer& operator=(const RefusingServer&) = delete;

  const std::string& url() const { return url_; }

 private:
  void ServeOne(const absl::Status& status) const {
    const int connection = accept(listener_, nullptr, nullptr);
    Bytes scrap(64 << 10, '\0');
    EXPECT_GT(recv(connection, scrap.data(), scrap.size(), 0), 0);
    const std::string body = FormatProblem(status, "r1");
    const std::string answer = fmt::format("HTTP/1.1 {} No\r\nContent-Length: {}\r\n\r\n{}",
                                           HttpStatusOf(status), body.size(), body);
    EXPECT_EQ(send(connection, answer.data(), answer.size(), 0),
              static_cast<ssize_t>(answer.size()));
    close(connection);  // with much of the request unread: the client is reset
  }

  const int listener_;
  std::string url_;
  std::jthread thread_;
};

class Zeros final : public ByteSource {
 public:
  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    std::fill(buffer.begin(), buffer.end(), '\0');
    return buffer.size();
  }
};

TEST(HttpClient, AnUploadThatIsRefusedInTheMiddleFailsWithTheServersReason) {
  signal(SIGPIPE, SIG_IGN);
  const absl::Status reason = absl::ResourceExhaustedError("No space left on device");
  const RefusingServer server(reason);
  HttpClient client({server.url(), "", ""});
  Zeros zeros;
  HttpRequest request;
  request.method = "POST";
  request.path = "/";
  EXPECT_EQ(client.Send(request, zeros, 256 << 20).status(), reason);
}

TEST(CallApi, WaitsForAnAnswerAsLongAsItIsTold) {
  const int silent = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(bind(silent, generic, length), 0);
  ASSERT_EQ(listen(silent, 1), 0);
  ASSERT_EQ(getsockname(silent, generic, &length), 0);
  const std::string url = fmt::format("http://127.0.0.1:{}", ntohs(address.sin_port));
  const auto begin = std::chrono::steady_clock::now();
  const auto answer = CallApi({url, "", ""}, "GET", "/", "", std::chrono::seconds(1));
  EXPECT_TRUE(absl::IsUnavailable(answer.status())) << answer.status();
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
  close(silent);
}

}  // namespace
}  // namespace mreg::sync
