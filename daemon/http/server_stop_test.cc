// The end of a server.
#include <fmt/format.h>

#include <thread>

#include "daemon/http/server.h"
#include "daemon/http/server_fixture.h"

namespace mreg::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ServerStop = ServerFixture;

constexpr milliseconds kLong{60'000};

TEST_F(ServerStop, EndsIdleConnectionsAtOnce) {
  Start();
  TestClient silent = Connect(), idle = Connect();
  ASSERT_EQ(idle.Ask(Get("/hello"))->status, 200);
  const auto begin = steady_clock::now();
  server_->Stop(kLong);
  EXPECT_LT(steady_clock::now() - begin, milliseconds(10'000));
  EXPECT_TRUE(silent.IsEnded());
  EXPECT_TRUE(idle.IsEnded());
}

TEST_F(ServerStop, LetsRequestsUnderWayFinish) {
  Start();
  TestClient waiting = Connect(), sending = Connect();
  ASSERT_TRUE(waiting.Send(Get("/wait")));
  ASSERT_TRUE(sending.Send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n01234"));
  handler_.AwaitWaiting(1);
  ASSERT_TRUE(Eventually([&] { return handler_.started == 2; }));
  std::jthread stopping([&] { server_->Stop(kLong); });
  handler_.Open();
  EXPECT_EQ(waiting.Receive()->body, "waited");
  const auto reply = sending.Ask("56789");
  EXPECT_EQ(reply->body, "0123456789");
  EXPECT_TRUE(sending.IsEnded());
}

TEST_F(ServerStop, CutsWhatIsNotDoneWithinTheGrace) {
  Start();
  TestClient sending = Connect(), reading = Connect();
  ASSERT_TRUE(sending.Send("PUT /sink HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n"));
  ASSERT_TRUE(reading.Send(Get("/stream?length=1000000000")));
  ASSERT_TRUE(Eventually([&] { return handler_.started == 2; }));
  server_->Stop(milliseconds(50));
  EXPECT_TRUE(sending.IsEnded());
  EXPECT_FALSE(reading.Receive()->whole);
}

TEST_F(ServerStop, DestroyingAServerStopsIt) {
  Start();
  TestClient client = Connect();
  ASSERT_TRUE(client.Send("PUT /sink HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n"));
  ASSERT_TRUE(Eventually([&] { return handler_.started == 1; }));
  server_.reset();
  EXPECT_TRUE(client.IsEnded());
  EXPECT_EQ(handler_.receivers_destroyed, 1);
}

TEST_F(ServerStop, RacesWithNewConnectionsAndRequests) {
  for (int round = 0; round < 5; ++round) {
    Start();
    std::atomic<bool> done = false;
    std::vector<std::jthread> clients;
    std::vector<TestClient> connected;
    for (int i = 0; i < 4; ++i) connected.push_back(Connect());
    for (int i = 0; i < 4; ++i) {
      clients.emplace_back([&, i] {
        while (!done && connected[i].Ask(Get("/hello"))) {
        }
      });
    }
    ASSERT_TRUE(Eventually([&] { return handler_.started >= 10 * (round + 1); }));
    server_->Stop(kLong);
    done = true;
    clients.clear();
    server_.reset();
  }
}

}  // namespace
}  // namespace mreg::http
