#include "daemon/http/connection_set.h"

namespace mreg::http {

bool ConnectionSet::Add(std::shared_ptr<Connection> connection) {
  std::lock_guard lock(mutex_);
  if (!draining_) connections_.insert(std::move(connection));
  return !draining_;
}

void ConnectionSet::Remove(const std::shared_ptr<Connection>& connection) {
  std::lock_guard lock(mutex_);
  connections_.erase(connection);
  if (connections_.empty()) empty_.notify_all();
}

void ConnectionSet::Drain() {
  std::lock_guard lock(mutex_);
  draining_ = true;
  for (const auto& connection : connections_) connection->Drain();
}

bool ConnectionSet::WaitUntilEmpty(std::chrono::milliseconds grace) {
  std::unique_lock lock(mutex_);
  return empty_.wait_for(lock, grace, [this] { return connections_.empty(); });
}

void ConnectionSet::Cut() {
  std::lock_guard lock(mutex_);
  for (const auto& connection : connections_) connection->Cut();
}

}  // namespace mreg::http
