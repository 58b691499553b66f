// Ordinary behaviour.
#include "daemon/http/server.h"

#include <fmt/format.h>

#include <thread>

#include "daemon/http/server_fixture.h"

namespace mreg::http {
namespace {

using testing::HasSubstr;
using ServerTest = ServerFixture;

TEST_F(ServerTest, AnswersWithDateAndRequestIdAndNoServer) {
  Start();
  const auto reply = AskOnce(Get("/hello"));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "hello");
  EXPECT_TRUE(reply->headers.contains("date"));
  EXPECT_FALSE(reply->headers.at("x-request-id").empty());
  EXPECT_FALSE(reply->headers.contains("server"));
}

TEST_F(ServerTest, KeepsAConnectionForManyRequests) {
  Start();
  TestClient client = Connect();
  std::string last_id;
  for (int i = 0; i < 100; ++i) {
    const auto reply = client.Ask(Request11("POST", "/echo", fmt::format("body {}", i)));
    ASSERT_TRUE(reply) << i;
    EXPECT_EQ(reply->body, fmt::format("body {}", i));
    EXPECT_NE(reply->headers.at("x-request-id"), last_id);
    last_id = reply->headers.at("x-request-id");
  }
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  Start();
  TestClient client = Connect();
  std::string requests;
  for (int i = 0; i < 50; ++i) {
    requests += Request11("POST", "/echo", std::to_string(i));
    requests +=
        fmt::format("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n{}{}",
                    Chunk(fmt::format("chunked {}", i)), Chunk(""));
  }
  ASSERT_TRUE(client.Send(requests));
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(client.Receive()->body, std::to_string(i));
    EXPECT_EQ(client.Receive()->body, fmt::format("chunked {}", i));
  }
}

TEST_F(ServerTest, ClosesWhenAskedTo) {
  Start();
  TestClient client = Connect();
  const auto reply = client.Ask("GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(reply->body, "hello");
  EXPECT_EQ(reply->headers.at("connection"), "close");
  EXPECT_TRUE(client.IsEnded());
}

TEST_F(ServerTest, ServesHttp10WithoutKeepAlive) {
  Start();
  TestClient client = Connect();
  EXPECT_EQ(client.Ask("GET /hello HTTP/1.0\r\n\r\n")->body, "hello");
  EXPECT_TRUE(client.IsEnded());
  const auto reply = AskOnce("GET /stream?unknown&length=100000 HTTP/1.0\r\n\r\n");
  EXPECT_FALSE(reply->headers.contains("transfer-encoding"));
  EXPECT_TRUE(IsPattern(0, reply->body));
  EXPECT_EQ(reply->body.size(), 100'000u);
}

TEST_F(ServerTest, AnswersHeadWithTheHeadOnly) {
  Start();
  TestClient client = Connect();
  for (const char* target : {"/hello", "/stream?length=1000000000000"}) {
    ASSERT_TRUE(client.Send(fmt::format("HEAD {} HTTP/1.1\r\nHost: h\r\n\r\n", target)));
    const auto reply = client.Receive(/*to_head=*/true);
    EXPECT_EQ(reply->status, 200);
    EXPECT_EQ(reply->headers.at("content-length"), target[1] == 'h' ? "5" : "1000000000000");
  }
  EXPECT_EQ(client.Ask(Get("/hello"))->body, "hello");
}

TEST_F(ServerTest, SendsNoBodyWith204And304) {
  Start();
  TestClient client = Connect();
  for (const int code : {204, 304}) {
    const auto reply = client.Ask(Get(fmt::format("/status?code={}", code)));
    EXPECT_EQ(reply->status, code);
    EXPECT_FALSE(reply->headers.contains("content-length"));
  }
  EXPECT_EQ(client.Ask(Get("/hello"))->body, "hello");
}

TEST_F(ServerTest, SendsStreamsOfKnownAndUnknownLength) {
  Start();
  TestClient client = Connect();
  for (const uint64_t length : {0, 1, 262'143, 262'144, 262'145, 1'000'000}) {
    const auto known = client.Ask(Get(fmt::format("/stream?length={}", length)));
    EXPECT_EQ(known->headers.at("content-length"), std::to_string(length));
    const auto unknown = client.Ask(Get(fmt::format("/stream?unknown&length={}", length)));
    EXPECT_EQ(unknown->headers.at("transfer-encoding"), "chunked");
    for (const auto& reply : {known, unknown}) {
      EXPECT_TRUE(reply->whole);
      EXPECT_EQ(reply->body.size(), length);
      EXPECT_TRUE(IsPattern(0, reply->body));
    }
  }
}

TEST_F(ServerTest, TakesChunkedBodiesHoweverTheyArrive) {
  Start();
  TestClient client = Connect();
  const std::string request =
      "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n";
  for (const char c : request) ASSERT_TRUE(client.Send({&c, 1}));
  EXPECT_EQ(client.Receive()->body, "hello world");
  EXPECT_EQ(client.Ask(request)->body, "hello world");
}

TEST_F(ServerTest, AnEmptyChunkedBodyMayComeByteByByte) {
  Start();
  TestClient client = Connect();
  ASSERT_TRUE(client.Send("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
  for (const char c : Chunk("")) ASSERT_TRUE(client.Send({&c, 1}));
  EXPECT_EQ(client.Receive()->status, 200);
}

TEST_F(ServerTest, AsksForTheBodyThatAwaits100Continue) {
  Start();
  TestClient client = Connect();
  const std::string request = Request11("POST", "/echo", "body", "Expect: 100-continue\r\n");
  ASSERT_TRUE(client.Send(request.substr(0, request.size() - 4)));
  EXPECT_EQ(client.Receive()->status, 100);
  EXPECT_EQ(client.Ask("body")->body, "body");
}

TEST_F(ServerTest, DoesNotAskForABodyThatIsRefused) {
  Start();
  TestClient client = Connect();
  const std::string request = Request11("POST", "/refuse", "body", "Expect: 100-continue\r\n");
  const auto reply = client.Ask(request.substr(0, request.size() - 4));
  EXPECT_EQ(reply->status, 401);
  EXPECT_EQ(reply->headers.at("connection"), "close");
}

TEST_F(ServerTest, ARefusedBodyThatIsHereAlreadyCostsNoConnection) {
  Start();
  TestClient client = Connect();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.Ask(Request11("POST", "/refuse", "small"))->status, 401);
  }
  EXPECT_EQ(client.Ask(Get("/hello"))->body, "hello");
}

TEST_F(ServerTest, ReportsEachRequestToTheAccessLog) {
  Start();
  const auto reply = AskOnce(Request11("POST", "/echo?q=1", "12345"));
  ASSERT_TRUE(Eventually([&] { return records().size() == 1; }));
  const AccessRecord record = records()[0];
  EXPECT_EQ(record.request_id, reply->headers.at("x-request-id"));
  EXPECT_EQ(record.peer, "127.0.0.1");
  EXPECT_EQ(record.method, "POST");
  EXPECT_EQ(record.path, "/echo");
  EXPECT_EQ(record.status, 200);
  EXPECT_EQ(record.bytes_in, 5u);
  EXPECT_EQ(record.bytes_out, 5u);
  EXPECT_GT(record.duration.count(), 0);
}

TEST_F(ServerTest, ThePeerIsTheSocketsWhateverTheClientSays) {
  Start();
  EXPECT_EQ(AskOnce("GET /who HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n")->body,
            "127.0.0.1 network");
}

TEST_F(ServerTest, ListensOnSeveralAddressesOfBothFamilies) {
  options_.listen = {"127.0.0.1:0", "127.0.0.1:0", "[::1]:0"};
  Start();
  const auto addresses = server_->addresses();
  ASSERT_EQ(addresses.size(), 3u);
  EXPECT_EQ(TestClient::Tcp(addresses[1]).Ask(Get("/hello"))->body, "hello");
  EXPECT_THAT(addresses[2], testing::StartsWith("[::1]:"));
  EXPECT_NE(addresses[0], addresses[1]);
}

TEST_F(ServerTest, RefusesAddressesThatCannotBeUsed) {
  Start();
  const auto start = [&](const std::string& address) {
    return StartServer({.listen = {address}}, handler_, nullptr).status();
  };
  for (const char* address : {"", "x", "localhost:1", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:65536",
                              "::1:80", "[::1:80", "[127.0.0.1]:80"}) {
    EXPECT_EQ(start(address).code(), absl::StatusCode::kInvalidArgument) << address;
  }
  const std::string taken = server_->addresses()[0];
  EXPECT_EQ(start(taken).code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(start(taken).ToString(), HasSubstr(taken));
}

TEST_F(ServerTest, ACongestionControlTheKernelLacksIsNoError) {
  options_.tcp_congestion = "no-such";
  Start();
  EXPECT_TRUE(IsAlive());
}

TEST_F(ServerTest, ServesManyConnectionsAtOnce) {
  constexpr int kClients = 64, kRequests = 100;
  Start();
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> clients;
    for (int c = 0; c < kClients; ++c) {
      clients.emplace_back([this, c, &good] {
        TestClient client = Connect();
        for (int i = 0; i < kRequests; ++i) {
          const std::string body = fmt::format("client {} request {}", c, i);
          const auto reply = client.Ask(Request11("POST", "/echo", body));
          if (reply && reply->body == body) ++good;
        }
      });
    }
  }
  EXPECT_EQ(good, kClients * kRequests);
}

}  // namespace
}  // namespace mreg::http
