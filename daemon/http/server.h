// The HTTP/1.1 server, on Boost.Beast with coroutines. It knows limits and sockets, not mreg.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/http/limits.h"
#include "daemon/http/message.h"

namespace mreg::http {

struct TlsFiles {
  std::string certificate_chain;  // PEM
  std::string private_key;        // PEM
};

struct ServerOptions {
  std::vector<std::string> listen = {};  // "127.0.0.1:7878", "[::1]:0"
  std::string unix_socket = {};          // path; empty: none. Created with mode 0600.
  std::optional<TlsFiles> tls = {};      // for `listen`, not for the socket
  size_t io_threads = 2;
  size_t worker_threads = 16;       // run handlers, which may block
  std::string tcp_congestion = {};  // e.g. "bbr"; the system's where "" or not in the kernel
  Limits limits = {};
};

// One line for each finished request, for the log.
struct AccessRecord {
  std::string request_id, peer, method, path;  // the last two are "" if the head was refused
  int status = 0;                              // 0: the client was gone before there was any
  uint64_t bytes_in = 0, bytes_out = 0;        // of the bodies
  std::chrono::microseconds duration{0};       // from the whole head to the last byte sent
  std::string error;  // what went wrong where the client is not told: an exception's text, a cut
};
// Called on the threads that serve sockets, several at once: it must not block.
using AccessLog = std::function<void(const AccessRecord&)>;

// Thread-safe.
class Server {
 public:
  virtual ~Server() = default;

  // The addresses in use, with the ports the kernel chose where 0 was asked for.
  virtual std::vector<std::string> addresses() const = 0;

  // Takes no new connections, lets requests under way finish for at most `grace`, then cuts
  // them. Returns when all threads are done, so a handler's call that never returns, or a source's,
  // keeps it waiting. Called once.
  virtual void Stop(std::chrono::milliseconds grace) = 0;
};

// Listens and serves until Stop. `handler` outlives the server. InvalidArgument for an address
// that cannot be parsed or TLS files that cannot be used, Unavailable (with the address) for one
// that cannot be bound or a socket that another server answers on.
absl::StatusOr<std::unique_ptr<Server>> StartServer(ServerOptions options, Handler& handler,
                                                    AccessLog access_log);

}  // namespace mreg::http
