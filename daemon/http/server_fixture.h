// A server on loopback for each test.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "daemon/http/server.h"
#include "daemon/http/test_client.h"
#include "daemon/http/test_handler.h"

namespace mreg::http {

class ServerFixture : public testing::Test {
 protected:
  // With `options`, which a test may have changed; on 127.0.0.1 unless they say otherwise.
  void Start() {
    if (options_.listen.empty()) options_.listen = {"127.0.0.1:0"};
    auto server = StartServer(options_, handler_, [this](const AccessRecord& record) {
      std::lock_guard lock(mutex_);
      records_.push_back(record);
    });
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  TestClient Connect() { return TestClient::Tcp(server_->addresses().at(0)); }

  // The answer to `request` on a connection of its own.
  std::optional<Reply> AskOnce(std::string_view request) {
    TestClient client = Connect();
    return client.Ask(request);
  }
  int StatusOf(std::string_view request) {
    const auto reply = AskOnce(request);
    return reply ? reply->status : 0;
  }
  // Whether the server still answers.
  bool IsAlive() { return StatusOf(Get("/hello")) == 200; }

  std::vector<AccessRecord> records() {
    std::lock_guard lock(mutex_);
    return records_;
  }

  ServerOptions options_;
  TestHandler handler_;
  std::mutex mutex_;
  std::vector<AccessRecord> records_;
  std::unique_ptr<Server> server_;  // the last: it uses all others until it is gone
};

}  // namespace mreg::http
