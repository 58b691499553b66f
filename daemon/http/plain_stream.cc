#include <boost/asio/write.hpp>

#include "daemon/http/stream.h"

namespace mreg::http {
namespace {

class PlainStream final : public Stream {
 public:
  explicit PlainStream(Socket socket) : socket_(std::move(socket)) {}

  Awaitable<std::tuple<ErrorCode>> Handshake() override { co_return ErrorCode(); }
  Awaitable<Transfer> ReadSome(asio::mutable_buffer buffer) override {
    return socket_.async_read_some(buffer, kAwait);
  }
  Awaitable<Transfer> Write(std::array<asio::const_buffer, 3> parts) override {
    return asio::async_write(socket_, parts, kAwait);
  }
  Awaitable<> ShutdownSend() override {
    ErrorCode ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    co_return;
  }
  Socket& socket() override { return socket_; }

 private:
  Socket socket_;
};

class PlainStreamFactory final : public StreamFactory {
 public:
  std::unique_ptr<Stream> Make(Socket socket) override {
    return std::make_unique<PlainStream>(std::move(socket));
  }
  bool is_plain() const override { return true; }
};

}  // namespace

void Stream::Cancel() {
  ErrorCode ignored;
  socket().cancel(ignored);
}

void Stream::Close() {
  ErrorCode ignored;
  socket().close(ignored);
}

void Stream::Reset() {
  ErrorCode ignored;
  socket().set_option(asio::socket_base::linger(true, 0), ignored);
  socket().close(ignored);
}

std::unique_ptr<StreamFactory> PlainStreams() { return std::make_unique<PlainStreamFactory>(); }

}  // namespace mreg::http
