#include <fmt/format.h>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "daemon/http/stream.h"

namespace mreg::http {
namespace {

namespace ssl = asio::ssl;

// Forward secrecy and authenticated encryption only; 1.3 has nothing else.
constexpr char kTls12Ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

class TlsStream final : public Stream {
 public:
  TlsStream(Socket socket, ssl::context& context) : stream_(std::move(socket), context) {}

  Awaitable<std::tuple<ErrorCode>> Handshake() override {
    return stream_.async_handshake(ssl::stream_base::server, kAwait);
  }
  Awaitable<Transfer> ReadSome(asio::mutable_buffer buffer) override {
    return stream_.async_read_some(buffer, kAwait);
  }
  Awaitable<Transfer> Write(std::array<asio::const_buffer, 3> parts) override {
    return asio::async_write(stream_, parts, kAwait);
  }
  // Sends close_notify and waits for the peer's; what else the peer sends ends the wait.
  Awaitable<> ShutdownSend() override {
    co_await stream_.async_shutdown(kAwait);
    ErrorCode ignored;
    socket().shutdown(Socket::shutdown_send, ignored);
  }
  Socket& socket() override { return stream_.next_layer(); }

 private:
  ssl::stream<Socket> stream_;
};

class TlsStreamFactory final : public StreamFactory {
 public:
  explicit TlsStreamFactory(ssl::context context) : context_(std::move(context)) {}

  std::unique_ptr<Stream> Make(Socket socket) override {
    return std::make_unique<TlsStream>(std::move(socket), context_);
  }
  bool is_plain() const override { return false; }

 private:
  ssl::context context_;
};

absl::Status Unusable(const std::string& path, const ErrorCode& error) {
  return absl::InvalidArgumentError(
      fmt::format("cannot use {} for TLS: {}", path, error.message()));
}

void Harden(ssl::context& context) {
  SSL_CTX* const native = context.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(native, kTls12Ciphers);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                  SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);  // idle connections hold none
}

}  // namespace

absl::StatusOr<std::unique_ptr<StreamFactory>> TlsStreams(const TlsFiles& files) {
  ErrorCode error;
  ssl::context context(ssl::context::tls_server);
  Harden(context);
  context.use_certificate_chain_file(files.certificate_chain, error);
  if (error) return Unusable(files.certificate_chain, error);
  context.use_private_key_file(files.private_key, ssl::context::pem, error);
  if (error) return Unusable(files.private_key, error);
  if (SSL_CTX_check_private_key(context.native_handle()) != 1) {
    return absl::InvalidArgumentError(
        fmt::format("cannot use {} for TLS: it is not the key of the certificate in {}",
                    files.private_key, files.certificate_chain));
  }
  return std::make_unique<TlsStreamFactory>(std::move(context));
}

}  // namespace mreg::http
