// What clients do to bring a server down, or to have it say what it must not.
#include <fmt/format.h>
#include <sys/socket.h>

#include <random>

#include "daemon/http/server.h"
#include "daemon/http/server_fixture.h"

namespace mreg::http {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kChunkedPost =
    "POST /sink HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

class ServerLimits : public ServerFixture {
 protected:
  ServerLimits() {
    options_.limits.header_timeout = milliseconds(400);
    options_.limits.idle_timeout = milliseconds(400);
    options_.limits.body_rate_window = milliseconds(400);
  }

  // Fields after a good request line and Host.
  static std::string With(std::string_view fields, std::string_view body = "") {
    return fmt::format("POST /echo HTTP/1.1\r\nHost: h\r\n{}\r\n{}", fields, body);
  }
};

TEST_F(ServerLimits, AHeadThatTricklesInIsCutOff) {
  Start();
  TestClient client = Connect();
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\n"));
  client.SendUntilAnswered("A: b\r\n", 1'000'000, milliseconds(50));
  EXPECT_EQ(client.Receive()->status, 408);
  EXPECT_TRUE(client.IsEnded());
}

TEST_F(ServerLimits, ASilentConnectionIsClosed) {
  Start();
  EXPECT_TRUE(Connect().IsEnded());
}

TEST_F(ServerLimits, AnIdleConnectionIsClosed) {
  Start();
  TestClient client = Connect();
  ASSERT_EQ(client.Ask(Get("/hello"))->status, 200);
  EXPECT_TRUE(client.IsEnded());
}

TEST_F(ServerLimits, ASlowBodyIsCutOff) {
  Start();
  for (const std::string& head :
       {std::string(kChunkedPost) + "ffff\r\n", std::string("POST /echo HTTP/1.1\r\nHost: h\r\n"
                                                            "Content-Length: 1000000\r\n\r\n")}) {
    TestClient client = Connect();
    ASSERT_TRUE(client.Send(head));
    client.SendUntilAnswered("x", 1'000'000, milliseconds(20));
    const auto reply = client.Receive();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 408);
    EXPECT_EQ(reply->headers.at("connection"), "close");
    EXPECT_TRUE(client.IsEnded());
  }
}

TEST_F(ServerLimits, ABodyThatIsSlowButNotTooSlowIsTaken) {
  options_.limits.min_body_bytes_per_second = 10;
  options_.limits.body_rate_window = milliseconds(1'000);
  Start();
  TestClient client = Connect();
  const std::string body(250, 'x');
  ASSERT_TRUE(client.Send(With(fmt::format("Content-Length: {}\r\n", body.size()))));
  // Takes longer than the window.
  client.SendUntilAnswered(body.substr(0, 10), body.size(), milliseconds(50));
  EXPECT_EQ(client.Receive()->body, body);
}

TEST_F(ServerLimits, AClientThatDoesNotReadIsCutOff) {
  Start();
  TestClient client = Connect();
  ASSERT_TRUE(client.Send(Get("/stream?length=1000000000")));
  ASSERT_TRUE(Eventually([&] { return !records().empty(); }));
  EXPECT_THAT(records()[0].error, HasSubstr("too slowly"));
  EXPECT_LT(records()[0].bytes_out, 1'000'000'000u);
}

TEST_F(ServerLimits, SlowClientsHoldNoWorker) {
  options_.worker_threads = 1;
  options_.limits.idle_timeout = options_.limits.body_rate_window = milliseconds(60'000);
  Start();
  TestClient reading = Connect(), sending = Connect();
  ASSERT_TRUE(reading.Send(Get("/stream?length=1000000000")));
  ASSERT_TRUE(sending.Send(With("Content-Length: 1000000\r\n", "begin")));
  ASSERT_TRUE(Eventually([&] { return handler_.started == 2; }));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(IsAlive());
}

TEST_F(ServerLimits, AmbiguousBodiesAreRefusedAndNothingBehindThemIsServed) {
  Start();
  for (const char* fields :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 5\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"}) {
    TestClient client = Connect();
    const auto reply = client.Ask(With(fields, "0\r\n\r\n" + Get("/hello")));
    ASSERT_TRUE(reply) << fields;
    EXPECT_EQ(reply->status, 400) << fields;
    EXPECT_TRUE(client.IsEnded()) << fields;
  }
  EXPECT_EQ(StatusOf(With("Transfer-Encoding: gzip, chunked\r\n")), 501);
  EXPECT_EQ(handler_.started, 0);
}

TEST_F(ServerLimits, BadHeadsAreRefused) {
  Start();
  EXPECT_EQ(StatusOf("GET /hello HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf(With("A: b\r\n folded\r\n")), 400);
  EXPECT_EQ(StatusOf(With("A : b\r\n")), 400);
  EXPECT_EQ(StatusOf(Get("/%00")), 400);
  EXPECT_EQ(StatusOf(Get("/%zz")), 400);
  EXPECT_EQ(StatusOf(Get("/a/../hello")), 400);
  EXPECT_EQ(StatusOf(Get("/%2e%2e/hello")), 400);
  EXPECT_EQ(StatusOf("GET / HTTP/2.0\r\n\r\n"), 505);
  EXPECT_EQ(StatusOf(With("Content-Encoding: gzip\r\nContent-Length: 1\r\n", "x")), 415);
  EXPECT_EQ(StatusOf(With("Expect: tea\r\nContent-Length: 1\r\n", "x")), 417);
  EXPECT_EQ(handler_.started, 0);
  EXPECT_TRUE(IsAlive());
}

TEST_F(ServerLimits, HeadsAreBounded) {
  Start();
  std::string fields;
  for (int i = 0; i < 64; ++i) fields += fmt::format("F{}: x\r\n", i);
  EXPECT_EQ(StatusOf(With(fields)), 431);
  EXPECT_EQ(StatusOf(With(fmt::format("A: {}\r\n", std::string(17'000, 'x')))), 431);
  EXPECT_EQ(StatusOf(Get("/" + std::string(8'192, 'x'))), 414);
}

TEST_F(ServerLimits, EndlessHeadsAreAnsweredAtTheLimit) {
  Start();
  for (const auto& [begin, status] : std::vector<std::pair<std::string, int>>{
           {"", 414}, {"GET /", 414}, {"GET / HTTP/1.1\r\nA: ", 431}}) {
    TestClient client = Connect();
    ASSERT_TRUE(client.Send(begin));
    client.SendUntilAnswered(std::string(1'000, 'x'), 10'000'000);
    EXPECT_EQ(client.Receive()->status, status);
  }
  TestClient client = Connect();
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\n"));
  client.SendUntilAnswered("A: b\r\n", 10'000'000);
  EXPECT_EQ(client.Receive()->status, 431);
}

TEST_F(ServerLimits, BodiesAreBoundedHoweverFramed) {
  options_.limits.max_body_bytes = 100'000;
  Start();
  EXPECT_EQ(StatusOf("PUT /sink HTTP/1.1\r\nHost: h\r\nContent-Length: 100001\r\n\r\n"), 413);
  TestClient client = Connect();
  ASSERT_TRUE(client.Send(kChunkedPost));
  std::string data(50'000, '\0');
  for (int i = 0; i < 3; ++i) {
    FillPattern(i * data.size(), data);
    client.Send(Chunk(data));
  }
  EXPECT_EQ(client.Receive()->status, 413);
  EXPECT_TRUE(Eventually([&] { return handler_.receivers_destroyed == 1; }));
  EXPECT_EQ(handler_.receivers_finished, 0);
}

TEST_F(ServerLimits, AHandlersOwnBoundHoldsForBothFramings) {
  Start();
  EXPECT_EQ(AskOnce(Request11("POST", "/limited", "0123456789"))->body, "0123456789");
  EXPECT_EQ(StatusOf(Request11("POST", "/limited", "0123456789a")), 413);
  EXPECT_EQ(StatusOf("POST /limited HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" +
                     Chunk("0123456789a") + Chunk("")),
            413);
}

TEST_F(ServerLimits, MalformedChunksAndEndlessTrailersAreRefused) {
  Start();
  for (const char* body : {"x\r\n", "5\r\nhello0\r\n\r\n", "-1\r\n", "ffffffffffffffffff\r\n"}) {
    EXPECT_EQ(StatusOf(With("Transfer-Encoding: chunked\r\n", body)), 400) << body;
  }
  for (const char* begin : {"0\r\n", "5;"}) {
    TestClient client = Connect();
    ASSERT_TRUE(client.Send(With("Transfer-Encoding: chunked\r\n", begin)));
    client.SendUntilAnswered(begin[0] == '0' ? "Trailer: x\r\n" : "extension", 10'000'000);
    EXPECT_EQ(client.Receive()->status, 400);
  }
}

TEST_F(ServerLimits, ConnectionsFromOneAddressAreCapped) {
  options_.limits.max_connections_per_address = 3;
  options_.limits.header_timeout = options_.limits.idle_timeout = milliseconds(60'000);
  Start();
  std::vector<TestClient> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(Connect());
  for (TestClient& client : clients) ASSERT_EQ(client.Ask("\r\n" + Get("/hello"))->status, 200);
  TestClient fourth = Connect();
  const auto reply = fourth.Receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 503);
  EXPECT_TRUE(reply->headers.contains("x-request-id"));
  EXPECT_TRUE(fourth.IsEnded());
  clients.pop_back();
  EXPECT_TRUE(Eventually([&] { return IsAlive(); }));
}

TEST_F(ServerLimits, ConnectionsInAllAreCapped) {
  options_.limits.max_connections = 1;
  options_.limits.header_timeout = options_.limits.idle_timeout = milliseconds(60'000);
  Start();
  TestClient first = Connect();
  ASSERT_EQ(first.Ask(Get("/hello"))->status, 200);
  EXPECT_EQ(Connect().Receive()->status, 503);
}

TEST_F(ServerLimits, AHandlersValueCannotAddAHeader) {
  Start();
  for (const char* value : {"a%0d%0aX-Injected:%20yes", "a%0aX-Injected:%20yes", "a%0d", "%01"}) {
    const auto reply = AskOnce(Get(fmt::format("/header?value={}", value)));
    ASSERT_TRUE(reply) << value;
    EXPECT_EQ(reply->status, 500) << value;
    EXPECT_FALSE(reply->headers.contains("x-injected")) << value;
    EXPECT_FALSE(reply->headers.contains("x-value")) << value;
  }
  EXPECT_EQ(AskOnce(Get("/header?value=fine"))->headers.at("x-value"), "fine");
  EXPECT_EQ(StatusOf(Get("/status?code=99")), 500);
}

TEST_F(ServerLimits, AnExceptionsTextStaysInside) {
  Start();
  for (const char* path :
       {"/throw-start", "/throw-write", "/throw-finish", "/stream?length=9&throw=0"}) {
    const auto reply = AskOnce(Request11("POST", path, "body"));
    ASSERT_TRUE(reply) << path;
    EXPECT_EQ(reply->status, 500) << path;
    EXPECT_THAT(reply->body, Not(HasSubstr(kSecret))) << path;
  }
  ASSERT_TRUE(Eventually([&] { return records().size() == 4; }));
  for (const AccessRecord& record : records()) EXPECT_THAT(record.error, HasSubstr(kSecret));
}

TEST_F(ServerLimits, AStreamThatFailsLaterIsNeverTakenForWhole) {
  Start();
  for (const char* target :
       {"/stream?length=1000000&fail=600000", "/stream?length=1000000&throw=600000",
        "/stream?length=1000000&unknown&fail=600000", "/stream?length=100&fail=0"}) {
    const auto reply = AskOnce(Get(target));
    EXPECT_TRUE(!reply || !reply->whole || reply->status == 500) << target;
  }
  // Until-close framing has no other sign than the reset.
  TestClient client = Connect();
  ASSERT_TRUE(client.Send("GET /stream?length=1000000&unknown&fail=600000 HTTP/1.0\r\n\r\n"));
  char scrap[65'536];
  ssize_t size;
  while ((size = recv(client.fd(), scrap, sizeof(scrap), 0)) > 0) {
  }
  EXPECT_EQ(size, -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST_F(ServerLimits, AClientThatSendsALargeRefusedBodySeesTheAnswer) {
  Start();
  for (const char* path : {"/refuse", "/fail-write"}) {
    TestClient client = Connect();
    ASSERT_TRUE(client.Send(
        fmt::format("PUT {} HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\n", path)));
    client.SendUntilAnswered(std::string(100'000, 'x'), 10'000'000);
    const auto reply = client.Receive();
    ASSERT_TRUE(reply) << path;
    EXPECT_EQ(reply->status, path[1] == 'r' ? 401 : 507);
    EXPECT_EQ(reply->headers.at("connection"), "close");
  }
}

TEST_F(ServerLimits, AReceiverWhoseClientLeavesIsDestroyedUnfinished) {
  Start();
  {
    TestClient client = Connect();
    ASSERT_TRUE(client.Send("PUT /sink HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n"));
    ASSERT_TRUE(Eventually([&] { return handler_.started == 1; }));
  }
  EXPECT_TRUE(Eventually([&] { return handler_.receivers_destroyed == 1; }));
  EXPECT_EQ(handler_.receivers_finished, 0);
  ASSERT_TRUE(Eventually([&] { return records().size() == 1; }));
  EXPECT_EQ(records()[0].status, 0);
}

TEST_F(ServerLimits, GarbageDoesNotStopTheServer) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  Start();
  const std::string good =
      With("Transfer-Encoding: chunked\r\nA: b\r\n", "5\r\nhello\r\n0\r\n\r\n");
  for (int i = 0; i < 200; ++i) {
    std::string bad = good;
    for (int j = 0; j < 4; ++j) bad[random() % bad.size()] = static_cast<char>(random());
    TestClient client = Connect();
    client.Send(bad);
    shutdown(client.fd(), SHUT_WR);
    while (!client.ReadSome().empty()) {
    }
  }
  EXPECT_TRUE(IsAlive());
}

}  // namespace
}  // namespace mreg::http
