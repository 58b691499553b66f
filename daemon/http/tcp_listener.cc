#include "daemon/http/tcp_listener.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include "daemon/http/peer.h"
#include "schema/base/status.h"

namespace mreg::http {
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

std::optional<uint16_t> ParsePort(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

std::optional<Address> ParseV4(const std::string& host, uint16_t port) {
  Address address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  v4->sin_family = AF_INET;
  v4->sin_port = htons(port);
  address.size = sizeof(*v4);
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) != 1) return std::nullopt;
  return address;
}

std::optional<Address> ParseV6(const std::string& host, uint16_t port) {
  Address address;
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  address.size = sizeof(*v6);
  if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) != 1) return std::nullopt;
  return address;
}

std::optional<Address> ParseAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = ParsePort(text.substr(colon + 1));
  std::string host(text.substr(0, colon));
  if (!port) return std::nullopt;
  if (!host.starts_with('[')) return ParseV4(host, *port);
  if (!host.ends_with(']')) return std::nullopt;
  return ParseV6(host.substr(1, host.size() - 2), *port);
}

absl::Status CannotListen(const std::string& address) {
  return absl::UnavailableError(
      fmt::format("cannot listen on {}: {}", address, std::strerror(errno)));
}

void SetCongestionControl(int fd, const std::string& name) {
  if (!name.empty()) setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name.data(), name.size());
}

}  // namespace

absl::StatusOr<TcpListener> ListenTcp(const std::string& text,
                                      const std::string& congestion_control) {
  auto address = ParseAddress(text);
  if (!address) {
    return absl::InvalidArgumentError(
        fmt::format("cannot listen on \"{}\": it is not an address with a port", text));
  }
  const int family = address->storage.ss_family;
  UniqueFd fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.ok()) return CannotListen(text);
  // So that a restart need not wait for the old connections' last packets.
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  SetCongestionControl(fd.get(), congestion_control);
  if (bind(fd.get(), address->get(), address->size) != 0) return CannotListen(text);
  if (listen(fd.get(), SOMAXCONN) != 0) return CannotListen(text);
  if (getsockname(fd.get(), address->get(), &address->size) != 0) return CannotListen(text);
  return TcpListener{std::move(fd), family, FormatAddress(address->get())};
}

void SendAtOnce(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

}  // namespace mreg::http
