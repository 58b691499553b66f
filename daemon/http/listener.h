// Accepts connections on one socket and hands them over.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <functional>

#include "daemon/http/asio_types.h"
#include "schema/base/unique_fd.h"

namespace mreg::http {

class Listener {
 public:
  // Called on any thread of `io`, with a socket that has a strand of its own.
  using OnAccept = std::function<void(Socket)>;

  // `fd` listens already; `family` and `protocol` are those of the connections.
  Listener(asio::io_context& io, UniqueFd fd, int family, int protocol, OnAccept on_accept);

  // Until Close. Outlives the threads of `io`.
  void Start();
  // From any thread.
  void Close();

 private:
  using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol, Executor>;

  Awaitable<> Accept();
  void HandOver(Socket socket);

  asio::io_context& io_;
  Acceptor acceptor_;
  const OnAccept on_accept_;
};

}  // namespace mreg::http
