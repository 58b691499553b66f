#include "daemon/http/server.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <thread>

#include "daemon/http/admission.h"
#include "daemon/http/connection.h"
#include "daemon/http/connection_set.h"
#include "daemon/http/listener.h"
#include "daemon/http/peer.h"
#include "daemon/http/response_head.h"
#include "daemon/http/service.h"
#include "daemon/http/stream.h"
#include "daemon/http/tcp_listener.h"
#include "daemon/http/unix_listener.h"
#include "schema/base/status.h"

namespace mreg::http {
namespace {

struct Sockets {
  std::vector<TcpListener> tcp;
  std::unique_ptr<UnixListener> unix_socket;
};

absl::StatusOr<Sockets> OpenSockets(const ServerOptions& options) {
  Sockets sockets;
  for (const std::string& address : options.listen) {
    MREG_ASSIGN_OR_RETURN(auto listener, ListenTcp(address, options.tcp_congestion));
    sockets.tcp.push_back(std::move(listener));
  }
  if (!options.unix_socket.empty()) {
    MREG_ASSIGN_OR_RETURN(sockets.unix_socket, UnixListener::Listen(options.unix_socket));
  }
  return sockets;
}

class BeastServer final : public Server {
 public:
  BeastServer(const ServerOptions& options, Handler& handler, AccessLog log,
              std::unique_ptr<StreamFactory> network_streams, Sockets sockets);
  ~BeastServer() override { Stop(std::chrono::milliseconds(0)); }

  std::vector<std::string> addresses() const override { return addresses_; }
  void Stop(std::chrono::milliseconds grace) override;

 private:
  void Listen(UniqueFd fd, int family, int protocol, Listener::OnAccept on_accept);
  void OnNetwork(Socket socket);
  void OnUnix(Socket socket);
  void Serve(std::unique_ptr<Stream> stream, Peer peer, Admission::Ticket ticket);
  void TurnAway(Socket socket);

  asio::io_context io_;
  // After io_: its workers hold executors of io_ for a moment after their last call.
  Service service_;
  Admission admission_;
  const Response overloaded_;
  std::vector<std::string> addresses_;
  std::unique_ptr<UnixListener> unix_listener_;
  const std::unique_ptr<StreamFactory> network_streams_;
  const std::unique_ptr<StreamFactory> unix_streams_ = PlainStreams();
  ConnectionSet connections_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::jthread> threads_;
};

Response Overloaded(Service& service) {
  std::string ignored;
  Response response = service.ProtocolFailure(503, "there are too many connections", ignored);
  if (!std::holds_alternative<std::string>(response.body)) response.body = std::string();
  return response;
}

BeastServer::BeastServer(const ServerOptions& options, Handler& handler, AccessLog log,
                         std::unique_ptr<StreamFactory> network_streams, Sockets sockets)
    : io_(static_cast<int>(options.io_threads)),
      service_(options.limits, handler, std::move(log), options.worker_threads),
      admission_(options.limits.max_connections, options.limits.max_connections_per_address),
      overloaded_(Overloaded(service_)),
      unix_listener_(std::move(sockets.unix_socket)),
      network_streams_(std::move(network_streams)) {
  for (TcpListener& tcp : sockets.tcp) {
    addresses_.push_back(tcp.address);
    Listen(std::move(tcp.fd), tcp.family, IPPROTO_TCP,
           [this](Socket socket) { OnNetwork(std::move(socket)); });
  }
  if (unix_listener_ != nullptr) {
    Listen(unix_listener_->TakeFd(), AF_UNIX, 0,
           [this](Socket socket) { OnUnix(std::move(socket)); });
  }
  for (size_t i = 0; i < options.io_threads; ++i) threads_.emplace_back([this] { io_.run(); });
}

void BeastServer::Listen(UniqueFd fd, int family, int protocol, Listener::OnAccept on_accept) {
  listeners_.push_back(
      std::make_unique<Listener>(io_, std::move(fd), family, protocol, std::move(on_accept)));
  listeners_.back()->Start();
}

void BeastServer::OnNetwork(Socket socket) {
  ErrorCode error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return;  // gone already
  SendAtOnce(socket.native_handle());
  Peer peer = NetworkPeer(endpoint.data());
  auto ticket = admission_.Admit(peer.group);
  if (ticket == nullptr) return TurnAway(std::move(socket));
  Serve(network_streams_->Make(std::move(socket)), std::move(peer), std::move(ticket));
}

// The owner gets in however many there are on the network.
void BeastServer::OnUnix(Socket socket) {
  if (!PeerIsOwner(socket.native_handle())) return;
  Serve(unix_streams_->Make(std::move(socket)), Peer{"unix", {}, Origin::kOwnerSocket}, nullptr);
}

void BeastServer::Serve(std::unique_ptr<Stream> stream, Peer peer, Admission::Ticket ticket) {
  auto connection =
      std::make_shared<Connection>(service_, std::move(stream), std::move(peer), std::move(ticket));
  if (!connections_.Add(connection)) return;
  asio::co_spawn(
      connection->executor(), [connection] { return connection->Serve(); },
      [this, connection](const std::exception_ptr&) { connections_.Remove(connection); });
}

// As far as it goes without waiting: a flood must not cost more than accepting it.
void BeastServer::TurnAway(Socket socket) {
  if (!network_streams_->is_plain()) return;
  const auto& text = std::get<std::string>(overloaded_.body);
  const std::string id = service_.ids().Next();
  std::string answer = FormatResponseHead({.status = overloaded_.status,
                                           .headers = overloaded_.headers,
                                           .framing = {.length = text.size()},
                                           .keep_alive = false,
                                           .request_id = id});
  answer.append(text);
  ErrorCode ignored;
  socket.non_blocking(true, ignored);
  socket.send(asio::buffer(answer), 0, ignored);
  socket.shutdown(Socket::shutdown_send, ignored);
}

void BeastServer::Stop(std::chrono::milliseconds grace) {
  service_.StartDraining();
  for (const auto& listener : listeners_) listener->Close();
  connections_.Drain();
  if (!connections_.WaitUntilEmpty(grace)) connections_.Cut();
  threads_.clear();
  unix_listener_.reset();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> StartServer(ServerOptions options, Handler& handler,
                                                    AccessLog access_log) {
  if (options.io_threads == 0 || options.worker_threads == 0) {
    return absl::InvalidArgumentError("cannot start a server without threads");
  }
  std::unique_ptr<StreamFactory> streams = PlainStreams();
  if (options.tls) {
    MREG_ASSIGN_OR_RETURN(streams, TlsStreams(*options.tls));
  }
  MREG_ASSIGN_OR_RETURN(auto sockets, OpenSockets(options));
  try {
    return std::make_unique<BeastServer>(options, handler, std::move(access_log),
                                         std::move(streams), std::move(sockets));
  } catch (const std::exception& exception) {
    return absl::InternalError(fmt::format("cannot start the server: {}", exception.what()));
  }
}

}  // namespace mreg::http
