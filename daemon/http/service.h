// What all connections of a server share.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "daemon/http/limits.h"
#include "daemon/http/message.h"
#include "daemon/http/server.h"
#include "schema/base/thread_pool.h"

namespace mreg::http {

// Unique across servers and restarts; not a secret.
class RequestIds {
 public:
  RequestIds();
  std::string Next();

 private:
  const std::string prefix_;
  std::atomic<uint64_t> count_ = 0;
};

// Thread-safe.
class Service {
 public:
  Service(const Limits& limits, Handler& handler, AccessLog log, size_t worker_threads)
      : limits_(limits), handler_(handler), log_(std::move(log)), workers_(worker_threads) {}

  const Limits& limits() const { return limits_; }
  ThreadPool& workers() { return workers_; }
  RequestIds& ids() { return ids_; }

  // The handler's answers, whatever it throws: what it threw then goes to `error`, for the log
  // alone. Responses are fit to be sent: a status from 200 to 599, no header that could end its
  // line. To be called on workers.
  Handler::Outcome Start(const Request& request, std::string& error);
  absl::Status Write(BodyReceiver& receiver, ByteView data, std::string& error);
  Response Finish(const Request& request, BodyReceiver& receiver, std::string& error);
  Response Failure(const Request& request, const absl::Status& status, std::string& error);
  Response ProtocolFailure(int status, std::string_view detail, std::string& error);
  absl::StatusOr<size_t> Read(ByteSource& source, std::span<char> buffer, std::string& error);

  void Log(const AccessRecord& record) const;

  // From then on connections end with the request they are at.
  void StartDraining() { draining_ = true; }
  bool draining() const { return draining_; }

 private:
  Response Fit(Response response, const Request& request, std::string& error);

  const Limits limits_;
  Handler& handler_;
  const AccessLog log_;
  RequestIds ids_;
  std::atomic<bool> draining_ = false;
  ThreadPool workers_;
};

}  // namespace mreg::http
