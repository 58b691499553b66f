// The connections a server has, so that it can end them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <unordered_set>

#include "daemon/http/connection.h"

namespace mreg::http {

// Thread-safe.
class ConnectionSet {
 public:
  // False once Drain was called: it is then too late for another connection.
  bool Add(std::shared_ptr<Connection> connection);
  void Remove(const std::shared_ptr<Connection>& connection);

  // Ends those that are idle, and the others after the request they are at.
  void Drain();
  // Whether all were gone within `grace`.
  bool WaitUntilEmpty(std::chrono::milliseconds grace);
  // Ends all at once.
  void Cut();

 private:
  std::mutex mutex_;
  std::condition_variable empty_;
  std::unordered_set<std::shared_ptr<Connection>> connections_;
  bool draining_ = false;
};

}  // namespace mreg::http
