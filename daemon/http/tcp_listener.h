// Listening on TCP.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "schema/base/unique_fd.h"

namespace mreg::http {

struct TcpListener {
  UniqueFd fd;          // listening
  int family = 0;       // AF_INET or AF_INET6
  std::string address;  // with the port in use
};

// `address` is a numeric one with its port: "127.0.0.1:80", "[::1]:0". InvalidArgument if it is
// not, Unavailable if it cannot be had. Connections accepted use the congestion control named, if
// the kernel has it.
absl::StatusOr<TcpListener> ListenTcp(const std::string& address,
                                      const std::string& congestion_control);

// No waiting for more to send. What fails is ignored: it is a matter of speed alone.
void SendAtOnce(int fd);

}  // namespace mreg::http
