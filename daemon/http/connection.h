// A client's connection: one request after another.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "daemon/http/admission.h"
#include "daemon/http/exchange.h"
#include "daemon/http/offload.h"
#include "daemon/http/peer.h"
#include "daemon/http/service.h"
#include "daemon/http/wire.h"

namespace mreg::http {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Service& service, std::unique_ptr<Stream> stream, Peer peer, Admission::Ticket ticket);

  // The whole life of it. Run once, on executor(), with a reference held until it has returned.
  Awaitable<> Serve();

  // From any thread: ends it as soon as no request is under way; at once.
  void Drain();
  void Cut();

  const Executor& executor() const { return executor_; }

 private:
  using MaybeHead = std::optional<std::variant<Head, ProtocolError>>;  // nothing: the client left

  Awaitable<> ServeRequests();
  Awaitable<MaybeHead> ReadHead();
  Awaitable<bool> AwaitRequest();
  MaybeHead TakeHead();

  Service& service_;
  const Executor executor_;
  const Peer peer_;
  const Admission::Ticket ticket_;
  Wire wire_;
  Offload offload_;
  std::optional<Exchange> exchange_;
  bool fresh_ = true;   // no request has come yet
  bool idle_ = true;    // nothing of the next one has
  size_t scanned_ = 0;  // of the input, for the end of a head
};

}  // namespace mreg::http
