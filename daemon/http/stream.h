// A connection's bytes, plain or through TLS.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "daemon/http/asio_types.h"
#include "daemon/http/server.h"

namespace mreg::http {

// Confined to the socket's strand; at most one operation of each kind at a time.
class Stream {
 public:
  virtual ~Stream() = default;

  virtual Awaitable<std::tuple<ErrorCode>> Handshake() = 0;
  virtual Awaitable<Transfer> ReadSome(asio::mutable_buffer buffer) = 0;
  // All of all `parts`, which must stay where they are until then.
  virtual Awaitable<Transfer> Write(std::array<asio::const_buffer, 3> parts) = 0;
  // Tells the peer that nothing more comes.
  virtual Awaitable<> ShutdownSend() = 0;
  // The socket below, for throwing away what the peer still sends.
  virtual Socket& socket() = 0;

  // Ends the operations under way; the stream can be used further.
  void Cancel();
  void Close();
  // Closes so that the peer sees an error, never an orderly end.
  void Reset();
};

// Makes the streams of accepted sockets.
class StreamFactory {
 public:
  virtual ~StreamFactory() = default;
  virtual std::unique_ptr<Stream> Make(Socket socket) = 0;
  // Whether a stream can be written to before Handshake.
  virtual bool is_plain() const = 0;
};

std::unique_ptr<StreamFactory> PlainStreams();

// TLS 1.2 and 1.3. InvalidArgument, naming the file, if one cannot be used.
absl::StatusOr<std::unique_ptr<StreamFactory>> TlsStreams(const TlsFiles& files);

}  // namespace mreg::http
