#include "daemon/http/listener.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <exception>

namespace mreg::http {
namespace {

// When descriptors or memory have run out, trying again at once would only burn the processor.
constexpr std::chrono::milliseconds kBackOff{50};

}  // namespace

Listener::Listener(asio::io_context& io, UniqueFd fd, int family, int protocol, OnAccept on_accept)
    : io_(io), acceptor_(asio::make_strand(io)), on_accept_(std::move(on_accept)) {
  acceptor_.assign(asio::generic::stream_protocol(family, protocol), fd.Release());
}

void Listener::Start() {
  asio::co_spawn(
      acceptor_.get_executor(), [this] { return Accept(); }, asio::detached);
}

void Listener::Close() {
  asio::post(acceptor_.get_executor(), [this] {
    ErrorCode ignored;
    acceptor_.close(ignored);
  });
}

// Whatever is thrown for want of memory costs the one connection.
void Listener::HandOver(Socket socket) {
  try {
    on_accept_(std::move(socket));
  } catch (const std::exception&) {
    return;
  }
}

Awaitable<> Listener::Accept() {
  Timer pause(acceptor_.get_executor());
  while (acceptor_.is_open()) {
    auto [error, socket] = co_await acceptor_.async_accept(asio::make_strand(io_), kAwait);
    if (!error) {
      HandOver(std::move(socket));
    } else if (error != asio::error::connection_aborted && acceptor_.is_open()) {
      pause.expires_after(kBackOff);
      co_await pause.async_wait(kAwait);
    }
  }
}

}  // namespace mreg::http
